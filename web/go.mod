// This file keeps the Go tool out of web/: some Node packages carry Go files.
module github.com/ciclo/ciclo/web

go 1.26
