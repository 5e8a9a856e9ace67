"""The same work in Python with subprocess and psutil: prints the median in seconds."""
import subprocess, sys, time
import psutil

ATTRS = ["pid", "ppid", "name", "status", "username", "uids", "cmdline", "memory_info", "num_threads", "cpu_times", "create_time"]


def median(n, f):
    took = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        took.append(time.perf_counter() - start)
    return sorted(took)[n // 2]


def ls(attrs):
    return [p.info for p in psutil.process_iter(attrs)]


def run():
    subprocess.run(["/bin/true"], capture_output=True)


def capture():
    r = subprocess.run(["head", "-c", str(256 << 20), "/dev/zero"], capture_output=True)
    assert len(r.stdout) == 256 << 20


WORK = {
    "list": lambda: median(7, lambda: ls(ATTRS)),
    "names": lambda: median(7, lambda: ls(["pid", "name"])),
    "byname": lambda: median(7, lambda: [p for p in ls(["pid", "name"]) if p["name"] == "opslua-bench-none"]),
    "tree": lambda: median(7, lambda: psutil.Process(1).children(recursive=True)),
    "subtree": lambda: median(7, lambda: psutil.Process(int(sys.argv[2])).children(recursive=True)),
    "run": lambda: median(300, run),
    "capture": lambda: median(3, capture),
}
print("%.9f" % WORK[sys.argv[1]]())
