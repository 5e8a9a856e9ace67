package httpclient

import (
	"io"
	"log"
)

// quiet is where a test server logs what its clients do wrong on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
