import { Button, Drawer, Stack } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { insights, type SavedInsight, type Spec } from '~/api/insights'
import { useFormat } from '~/ui/format'
import { CodeBlock } from '~/ui/copy'
import { Dim, Loaded } from '~/ui/page'
import { useAutoName } from './words'

/** The versions of an insight; an old one can be made the newest again. */
export default function Versions({ saved, restore, close }: { saved: SavedInsight; restore: (spec: Spec) => void; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const autoName = useAutoName()
  const versions = useQuery(insights.versions(String(saved.id)))
  return (
    <Drawer opened onClose={close} position="right" size={460} title={t`Versions of ${saved.name}`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Loaded query={versions} height={200}>
        {(list) => (
          <Stack>
            {[...list].sort((a, b) => b.version - a.version).map((v) => (
              <section key={v.version} aria-label={t`version ${v.version}`}>
                <strong>{t`version ${v.version}`}</strong> · {autoName(v.spec)}
                <div>
                  <Dim>
                    {f.dateTime(v.created_at / 1000)} {v.by ? `· ${v.by}` : ''}
                  </Dim>
                </div>
                {v.version === saved.version ? <Dim>{t`the present one`}</Dim> : <Button mt={6} size="compact-sm" variant="default" onClick={() => (restore(v.spec), close())}>{t`Use this version again`}</Button>}
                <details>
                  <summary style={{ cursor: 'pointer', fontSize: '0.82rem' }}>{t`Definition`}</summary>
                  <CodeBlock label={t`Definition of version ${v.version}`} code={JSON.stringify(v.spec, null, 2)} />
                </details>
              </section>
            ))}
          </Stack>
        )}
      </Loaded>
    </Drawer>
  )
}
