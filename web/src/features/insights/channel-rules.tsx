import { Button, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { ChannelRule } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { IconPlus } from '~/ui/icons'
import { ProblemLine, useProblems } from './problems'
import classes from './insights.module.css'

/** Own rules that say which arrivals belong to a channel; the first that fits decides. */
export default function ChannelRules({ rules, onChange }: { rules: ChannelRule[]; onChange: (rules: ChannelRule[]) => void }) {
  const { t } = useLingui()
  return (
    <>
      <p className={classes.gap}>{rules.length > 0 ? t`The first rule that fits decides. What no rule fits is direct. * stands for any text.` : t`The built-in rules tell channels by UTM parameters, click ids and referrers. Own rules replace them.`}</p>
      {rules.map((r, i) => (
        <Rule key={i} n={i} rule={r} onChange={(next) => onChange(rules.with(i, next))} onRemove={() => onChange(rules.toSpliced(i, 1))} />
      ))}
      <Button size="compact-sm" variant="subtle" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={rules.length >= 100} onClick={() => onChange([...rules, { channel: '' }])}>
        {t`Add a rule`}
      </Button>
    </>
  )
}

function Rule({ n, rule, onChange, onRemove }: { n: number; rule: ChannelRule; onChange: (next: ChannelRule) => void; onRemove: () => void }) {
  const { t } = useLingui()
  const { gap } = useProblems(`attribution.channels[${n}]`)
  const parts: [Exclude<keyof ChannelRule, 'channel'>, string][] = [
    ['source', 'utm_source'],
    ['medium', 'utm_medium'],
    ['campaign', 'utm_campaign'],
    ['referrer', t`Referring host`],
    ['click_ids', t`Click id in the address`],
    ['events', t`Event that is an arrival`],
  ]
  return (
    <div className={classes.row} role="group" aria-label={t`Rule ${n + 1}`}>
      <div className={classes.rowHead}>
        <span className={classes.badge} aria-hidden>{n + 1}</span>
        <TextInput size="xs" aria-label={t`Channel of rule ${n + 1}`} placeholder={t`Channel`} value={rule.channel} onChange={(e) => onChange({ ...rule, channel: e.currentTarget.value })} />
        <Remove onClick={onRemove} />
      </div>
      <div className={classes.two}>
        {parts.map(([key, label]) => (
          <TagsInput key={key} size="xs" label={label} value={rule[key] ?? []} onChange={(list) => onChange({ ...rule, [key]: list.length > 0 ? list : undefined })} />
        ))}
      </div>
      {gap && <p className={classes.gap}>{t`A rule needs a channel and something that fits.`}</p>}
      <ProblemLine path={`attribution.channels[${n}]`} />
    </div>
  )
}
