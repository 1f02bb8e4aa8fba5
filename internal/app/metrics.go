package app

import (
	"context"
	"net/http"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves the process's and the rooms' figures in the Prometheus form.
func (s *Server) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &roomCollector{s: s})
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// roomCollector reads the rooms when asked: nothing is counted twice.
type roomCollector struct{ s *Server }

func (c *roomCollector) Describe(chan<- *prometheus.Desc) {}

func (c *roomCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) //nolint:forbidigo // the collector interface has no context
	defer cancel()
	gauge := func(name, help string, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, v, labels...)
	}
	gauge("ciclo_insight_waiting", "Charts and KPI reports that wait for their turn.", float64(c.s.Insight.Waiting()))
	if p, err := c.s.Inbox.Pending(ctx); err == nil {
		gauge("ciclo_inbox_pending_events", "Events accepted and not yet processed.", float64(p.Events))
		gauge("ciclo_inbox_pending_bytes", "Stored bytes of accepted batches not yet processed.", float64(p.Bytes))
		age := 0.0
		if p.Oldest != 0 {
			age = c.s.Clock.Now().Sub(core.ToTime(p.Oldest)).Seconds()
		}
		gauge("ciclo_inbox_oldest_seconds", "Age of the oldest batch that waits.", age)
	}
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc("ciclo_pipeline_events_total", "Events put into timelines since the start.", nil, nil),
		prometheus.CounterValue, float64(c.s.Pipeline.Processed()))
	spaces, err := c.s.Access.Workspaces(ctx)
	if err != nil {
		return
	}
	var events, tail, bytes, segments float64
	for _, w := range spaces {
		st := c.s.Timeline.Stats(w.ID)
		events += float64(st.Events)
		tail += float64(st.TailEvents)
		bytes += float64(st.Bytes)
		segments += float64(st.Segments)
	}
	gauge("ciclo_timeline_events", "Events stored.", events)
	gauge("ciclo_timeline_tail_events", "Events not yet sealed.", tail)
	gauge("ciclo_timeline_segment_bytes", "Bytes of sealed segments.", bytes)
	gauge("ciclo_timeline_segments", "Sealed segments.", segments)
}
