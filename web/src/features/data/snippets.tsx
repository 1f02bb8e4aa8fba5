import { Tabs } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { CodeBlock } from '~/ui/copy'

/** How to send the first event with a write key: own script, a common SDK, or plain HTTP. */
export function Snippets({ writeKey }: { writeKey: string }) {
  const { t } = useLingui()
  const origin = window.location.origin
  const host = window.location.host
  const script = `<script async src="${origin}/ciclo.js" data-key="${writeKey}"></script>
<script>
  window.ciclo = window.ciclo || [];
  // When a customer signs in:
  ciclo.push(["identify", "42", { email: "ada@example.com" }]);
  // When something happens:
  ciclo.push(["track", "Order Completed", { order_id: "1001", revenue: 59.9, currency: "EUR" }]);
</script>`
  const next = `import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load(
  { writeKey: "${writeKey}", cdnURL: "${origin}" },
  { integrations: { "Segment.io": { apiHost: "${host}/v1", protocol: "${window.location.protocol.replace(':', '')}" } } },
);
analytics.track("Product Viewed", { product_id: "p1", price: 12.5 });`
  const curl = `curl -u "${writeKey}:" ${origin}/v1/track \\
  -H "Content-Type: application/json" \\
  -d '{"userId":"42","event":"Order Completed","properties":{"order_id":"1001","revenue":59.9,"currency":"EUR"}}'`
  return (
    <Tabs defaultValue="script" keepMounted={false}>
      <Tabs.List mb="sm">
        <Tabs.Tab value="script">ciclo.js</Tabs.Tab>
        <Tabs.Tab value="next">analytics-next</Tabs.Tab>
        <Tabs.Tab value="curl">curl</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="script"><CodeBlock code={script} label={t`Code for ${'ciclo.js'}`} /></Tabs.Panel>
      <Tabs.Panel value="next"><CodeBlock code={next} label={t`Code for ${'analytics-next'}`} /></Tabs.Panel>
      <Tabs.Panel value="curl"><CodeBlock code={curl} label={t`Code for ${'curl'}`} /></Tabs.Panel>
    </Tabs>
  )
}
