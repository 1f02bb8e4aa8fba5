// Package demo makes a shop from a seed: people with their devices, visits,
// orders, refunds and silences over 18 months, as tracked events. The truth
// behind the events is known (Truth), so that what Ciclo computes can be checked
// against it. It owns no tables: the events go through the ordinary ingest door.
//
// What is planted is described in docs/demo.md.
package demo
