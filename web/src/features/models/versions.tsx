import { Badge, Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q, type Stage, type StageModel } from '~/api'
import { useFormat } from '~/ui/format'
import { Card, Loaded, ui } from '~/ui/page'

/** All versions of a model; an older one can be taken as the start of a new one. */
export default function Versions({ model, restore }: { model: StageModel; restore?: (stages: Stage[]) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const versions = useQuery(q.modelVersions(model.id))
  return (
    <Card pad={false}>
      <Loaded query={versions}>
        {(list) => (
          <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Versions`}>
            <table className={ui.table}>
              <thead>
                <tr>
                  <th scope="col">{t`Version`}</th>
                  <th scope="col">{t`Saved`}</th>
                  <th scope="col">{t`By`}</th>
                  <th scope="col">{t`Stages`}</th>
                  <th scope="col">
                    <span className="sr-only">{t`Actions`}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((v) => (
                  <tr key={v.version}>
                    <td>
                      {v.version} {v.version === model.version && <Badge variant="light">{t`in use`}</Badge>}
                    </td>
                    <td>{f.dateTime(v.created_at)}</td>
                    <td>{v.by === 'recomputed' ? t`computed anew, because something it names had changed` : v.by || '–'}</td>
                    <td>{v.stages?.map((s) => s.label).join(', ') ?? '–'}</td>
                    <td data-num>{restore && v.version !== model.version && v.stages && <Button size="compact-sm" variant="default" aria-label={t`Take version ${v.version} as a draft`} onClick={() => restore(v.stages)}>{t`Take as a draft`}</Button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  )
}
