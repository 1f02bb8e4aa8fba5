import { Skeleton } from '@mantine/core'
import { ErrorBox } from '~/ui/errors'
import { ui } from '~/ui/page'

export function Pending() {
  return (
    <div className={ui.page} aria-busy>
      <Skeleton height={30} width={220} />
      <Skeleton height={180} radius="lg" />
      <Skeleton height={320} radius="lg" />
    </div>
  )
}

export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className={ui.page}>
      <ErrorBox
        error={error}
        retry={() => {
          reset()
          window.location.reload()
        }}
      />
    </div>
  )
}
