// Package hook tells other programs what happens: webhooks, signed and retried
// as the Standard Webhooks convention says (github.com/standard-webhooks).
//
// What is to be told is written as a job in the transaction in which it happened,
// so that nothing is told that was rolled back and nothing that happened is
// forgotten. Each message keeps its id over all attempts; the receiver drops what
// it knows. Attempts go on for three days; an address that answers 410 Gone, or
// to which nothing could be delivered for that long, is switched off and says so.
//
// Tables: webhooks; deliveries are jobs of kind webhook.deliver.
package hook
