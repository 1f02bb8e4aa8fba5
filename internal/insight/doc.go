// Package insight computes the KPIs that Ciclo shows: a catalogue of versioned
// definitions (catalogue.json) and folds over the timeline that give their
// parts.
//
// A report reads the timeline twice, side by side over customers: the order
// events with their properties, then the names and times of everything else;
// and a third time for where orders came from when costs are entered.
// The passes add whole numbers to the tallies of fourteen windows (the period,
// the one of equal length before it, twelve slices of it), so that the workers'
// parts can be added in any order and the result is always the same.
//
// Invariants: windows are half open, [start, end); numerator and denominator
// come from the same population and window; a denominator of 0 gives no value;
// money is whole minor units of the workspace currency, at the rate of its day,
// and left out without one; nothing at or after the as-of instant counts. Targets are kept in the workspace's settings.
//
// Charts (Run) are answered by engine/query, in turns that are fair among
// workspaces, and kept in memory as long as nothing changes. Its tables are
// insights, insight_versions, insight_numbers, dashboards, dashboard_insights,
// annotations, costs, exchange_rates, alerts and alert_history. None holds
// anything about a customer. Insights and dashboards that were deleted stay for 30 days; a
// dashboard that is not deleted shows no deleted insight.
package insight
