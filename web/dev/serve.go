//go:build ignore

// Serve shows the built UI through the real handler, with its content security policy, in front of the
// development mock. It is run as `go run web/dev/serve.go` from the root and is never shipped.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/ciclo/ciclo/internal/edge/webui"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8788", "address to serve on")
	api := flag.String("api", "http://127.0.0.1:8787", "address of the API")
	flag.Parse()
	target, err := url.Parse(*api)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", httputil.NewSingleHostReverseProxy(target))
	mux.Handle("/", webui.Handler())
	log.Println("serving on", *listen)
	log.Fatal(http.ListenAndServe(*listen, mux))
}
