import { Button, Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { ErrorBox } from '~/ui/errors'
import { Empty, ui } from '~/ui/page'

export function Pending() {
  return (
    <div className={ui.page} aria-busy>
      <Skeleton height={30} width={220} />
      <Skeleton height={180} radius="lg" />
      <Skeleton height={320} radius="lg" />
    </div>
  )
}

export function NotFound() {
  const { t } = useLingui()
  return (
    <main className={ui.page}>
      <h1 className="sr-only">{t`There is no page at this address`}</h1>
      <Empty title={t`There is no page at this address`} action={<Button component={Link} to="/board" variant="light">{t`Go to the board`}</Button>}>
        {t`The link may be old, or the address was mistyped.`}
      </Empty>
    </main>
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
