package proc

import (
	"testing"

	"opslua/internal/proctable"
	"opslua/luabind"
)

// BenchmarkRows makes the tables of 2,000 processes, without reading any.
func BenchmarkRows(b *testing.B) {
	snap := &proctable.Snapshot{BootID: "boot"}
	for i := range 2000 {
		snap.Procs = append(snap.Procs, proctable.Proc{Have: proctable.DefaultFields, PID: i + 1, PPID: 1, Name: "sleep", State: "sleeping",
			User: "root", Cmdline: []string{"sleep", "60"}, Cmd: "sleep 60", RSS: 1 << 20, VSize: 1 << 24, Threads: 1, CPUTime: 0.5,
			Started: 1757000000, Age: 17.5, StartedTicks: 12345})
	}
	for name, fields := range map[string]proctable.Field{"default": proctable.DefaultFields, "two": proctable.FieldPID | proctable.FieldName} {
		b.Run(name, func(b *testing.B) {
			host, err := luabind.New(luabind.WithModules(luabind.Module{Name: "bench", Funcs: []luabind.Func{{Name: "rows", Impl: func(c *luabind.Call) error {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := (&listing{}).tables(newRows(c, fields, snap, ""), snap); err != nil {
						return err
					}
				}
				return nil
			}}}}))
			if err != nil {
				b.Fatal(err)
			}
			if err := host.RunText(b.Context(), "bench.lua", "bench.rows()"); err != nil {
				b.Fatal(err)
			}
		})
	}
}
