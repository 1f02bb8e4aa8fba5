import { Button, Modal } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type Dashboard, dashboards, type Tile } from '~/api/dashboards'
import type { SavedInsight } from '~/api/insights'
import { Empty, Loaded } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { newTileId } from './board'
import { append } from './grid'
import classes from './dashboards.module.css'

/** Puts a saved insight on a dashboard. */
export default function AddToDashboard({ insight, form, close }: { insight: SavedInsight; form?: Tile['form']; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const toast = useToast()
  const list = useQuery(dashboards.list())
  const refresh = () => client.invalidateQueries({ queryKey: ['dashboards'] })
  const add = useMutation({
    mutationFn: (d: Dashboard) => dashboards.change(String(d.id), { tiles: append(d.tiles, { id: newTileId(), kind: 'insight' as const, insight: Number(insight.id), ...(form ? { form } : {}), x: 0, y: 0, w: 6, h: 5 }) }),
    onSuccess: async (_, d) => {
      await refresh()
      close()
      toast.undo(t`“${insight.name}” is on “${d.name}”.`, () => void dashboards.change(String(d.id), { tiles: d.tiles }).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  return (
    <Modal opened onClose={close} title={t`Put on a dashboard`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Loaded query={list} height={140}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t`No dashboard yet`} action={<Button variant="light" component={Link} to="/dashboards">{t`Open the dashboards`}</Button>} />
          ) : (
            <ul className={classes.pick}>
              {all.map((d) => (
                <li key={d.id}>
                  <span>{d.name}</span>
                  <Button size="compact-xs" variant="light" aria-label={t`Add to ${d.name}`} loading={add.isPending && add.variables === d} onClick={() => add.mutate(d)}>{t`Add`}</Button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Modal>
  )
}
