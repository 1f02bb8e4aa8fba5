import { Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { Empty, ui } from '~/ui/page'

export default function NotFound() {
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
