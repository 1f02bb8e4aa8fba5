import { Badge, Button, Group, SimpleGrid } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { api, q, type StageModel, type Template } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { Card, Loaded, Page, StageName } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { palette } from '~/ui/stage-colors'
import classes from './models.module.css'

/** The stage models of the workspace, and the templates to start from. */
export default function ModelsScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const models = useQuery(q.models())
  return (
    <Page title={t`Stage models`} sub={t`A stage model says which stages customers go through and what makes a customer enter each. You can have several, for different questions.`}>
      <Loaded query={models} height={180}>
        {(list) =>
          list.length > 0 && (
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              {list.map((m) => (
                <Card key={m.id} title={<Link to="/stage-models/$id" params={{ id: m.id }}>{m.name}</Link>} actions={<Group gap={6}>{m.is_default && <Badge variant="light">{t`default`}</Badge>}<Badge color="gray" variant="light">{t`version ${m.version}`}</Badge></Group>}>
                  <Path stages={m.stages} />
                  <p className={classes.dim}>{t`changed ${f.dateTime(m.updated_at)}`}</p>
                </Card>
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
      {can && <Templates />}
    </Page>
  )
}

function Path({ stages }: { stages: StageModel['stages'] }) {
  return (
    <ol className={classes.path}>
      {stages.map((s, i) => (
        <li key={s.key} data-off={s.off_path}>
          <StageName color={s.color || palette[i % palette.length]} label={s.label} />
        </li>
      ))}
    </ol>
  )
}

function Templates() {
  const { t } = useLingui()
  const templates = useQuery(q.templates())
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const create = useMutation({
    mutationFn: (template: Template) => api.post<{ id: string | number }>('/stage-models', { template: template.key }),
    onSuccess: async (model) => {
      await client.invalidateQueries({ queryKey: ['models'] })
      toast.done(t`Stage model created. Look at the counts, then change what does not fit.`)
      await navigate({ to: '/stage-models/$id', params: { id: String(model.id) } })
    },
    onError: toast.error,
  })
  const industry = (key: string) => ({ ecommerce: t`Shops`, commerce: t`Shops`, saas: t`SaaS`, b2b: t`B2B` })[key] ?? key
  return (
    <section aria-labelledby="templates">
      <h2 className={classes.title} id="templates">{t`Start from a template`}</h2>
      <Loaded query={templates} height={200}>
        {(list) => (
          <div className={classes.grid}>
            {list.map((template) => (
              <article key={template.key} className={classes.template}>
                <div>
                  <h3>{template.name}</h3>
                  {template.industry && <Badge color="gray" variant="light">{industry(template.industry)}</Badge>}
                </div>
                <p>{template.description}</p>
                <Path stages={template.stages} />
                <Button variant="default" size="compact-sm" aria-label={`${t`Use this template`}: ${template.name}`} loading={create.isPending && create.variables === template} onClick={() => create.mutate(template)}>{t`Use this template`}</Button>
              </article>
            ))}
          </div>
        )}
      </Loaded>
    </section>
  )
}
