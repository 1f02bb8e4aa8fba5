import { Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { erasures } from '~/api/erasures'
import { Card, Loaded, Page } from '~/ui/page'
import { ReceiptView } from './receipt'

/** One receipt. */
export default function ErasureScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const query = useQuery(erasures.one(Number(id)))
  return (
    <Page title={t`Receipt ${id}`} sub={t`What was erased, when, and what every store held before and after.`} actions={<Button variant="default" component={Link} to="/data/erasures">{t`All erasures`}</Button>}>
      <Loaded query={query}>
        {(receipt) => (
          <Card>
            <ReceiptView receipt={receipt} />
          </Card>
        )}
      </Loaded>
    </Page>
  )
}
