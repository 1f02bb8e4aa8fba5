import { Badge, Button, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReadySegment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { SegmentsNav } from './nav'
import classes from './segments.module.css'

/** Ready-made segments with the size that each has now. */
export default function ReadyScreen() {
  const { t } = useLingui()
  const query = useQuery(segments.ready())
  const rfm = useQuery(segments.rfm())
  return (
    <Page title={t`Ready-made segments`} sub={t`Well-proven groups, counted on your customers. One click makes one; its condition can be changed afterwards.`}>
      <SegmentsNav />
      <Loaded query={query} height={480}>
        {(list) => (
          <div className={classes.gallery}>
            {list.map((r) => (
              <ReadyCard key={r.key} ready={r} able={r.needs !== 'rfm' || !!rfm.data} />
            ))}
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function ReadyCard({ ready: r, able }: { ready: ReadySegment; able: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const preview = useQuery({ ...segments.preview(r.when), enabled: able, staleTime: 5 * 60_000 })
  const list = useQuery(segments.list())
  const mine = list.data?.segments.find((s) => s.key === r.key)
  const refresh = () => client.invalidateQueries({ queryKey: ['segments'] })
  const create = useMutation({
    mutationFn: () => segments.create({ key: r.key, name: r.name, description: r.description, kind: 'dynamic', when: r.when }),
    onSuccess: async (made) => {
      await refresh()
      toast.undo(t`“${made.name}” created. It is being computed over all history.`, () => void segments.remove(made.id).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const size = preview.data
  return (
    <section className={classes.ready} aria-label={r.name}>
      <h2>
        <span>{r.name}</span>
        <span className={classes.size} aria-live="polite">
          {able ? size ? f.int(size.size) : preview.isError ? '–' : '…' : '–'}
        </span>
      </h2>
      <p>{r.description}</p>
      <p className={classes.rule}>{r.sentence}</p>
      <div className={classes.readyFoot}>
        {!able ? (
          <Button component={Link} to="/segments/rfm" size="compact-sm" variant="default">{t`Take RFM cut points first`}</Button>
        ) : mine ? (
          <Group gap="xs">
            <Badge variant="light" color="teal">{t`made`}</Badge>
            <Link to="/segments/$id" params={{ id: String(mine.id) }} style={{ fontSize: '0.86rem' }}>{t`Open ${mine.name}`}</Link>
          </Group>
        ) : (
          can && (
            <Group gap="xs">
              <Button size="compact-sm" loading={create.isPending} aria-label={t`Create ${r.name}`} onClick={() => create.mutate()}>{t`Create`}</Button>
              <Button component={Link} to="/segments/new" search={{ when: r.when, name: r.name, description: r.description } as never} size="compact-sm" variant="subtle" aria-label={t`Change first: ${r.name}`}>{t`Change first`}</Button>
            </Group>
          )
        )}
        {able && size?.share !== undefined && size.share !== null && <small style={{ color: 'var(--mantine-color-dimmed)', fontSize: '0.78rem' }}>{t`${f.percent(size.share)} of all`}</small>}
      </div>
    </section>
  )
}
