import { useLingui } from '@lingui/react/macro'
import type { Cause, Kpi, Role } from '~/api'

/** Names of the KPIs that the server knows, in the language of the page; others keep the server's name. */
export function useKpiName() {
  const { t } = useLingui()
  const names: Record<string, string> = {
    visitors: t`Unique visitors`,
    unique_visitors: t`Unique visitors`,
    sessions: t`Sessions`,
    ctr: t`Click-through rate`,
    engagement_rate: t`Engagement rate`,
    engaged_rate: t`Engagement rate`,
    bounce_rate: t`Bounce rate`,
    lead_conversion: t`Lead conversion`,
    lead_to_conversion: t`Lead conversion`,
    conversion: t`Conversion rate`,
    orders: t`Orders`,
    aov: t`Average order value`,
    revenue: t`Revenue`,
    margin: t`Gross margin`,
    gross_margin: t`Gross margin`,
    profit_margin: t`Gross margin`,
    crr: t`Retention rate (CRR)`,
    retention_rate: t`Retention rate (CRR)`,
    churn: t`Churn rate`,
    churn_rate: t`Churn rate`,
    repeat_rate: t`Repeat purchase rate`,
    repeat_purchase_rate: t`Repeat purchase rate`,
    purchase_frequency: t`Purchase frequency`,
    time_between_purchases: t`Time between purchases`,
    dormant_rate: t`Dormant rate`,
    reactivation_rate: t`Reactivation rate`,
    stage_conversion: t`Stage conversion`,
    dwell_time: t`Time in stage`,
    historic_clv: t`Historic CLV`,
    clv: t`Historic CLV`,
    new_customers: t`New customers`,
    active_customers: t`Active customers`,
    pages_per_session: t`Pages per session`,
    single_page_rate: t`Single-page rate`,
    email_delivery_rate: t`E-mail delivery rate`,
    email_open_rate: t`E-mail open rate`,
    email_human_open_rate: t`E-mail open rate (people)`,
    email_click_rate: t`E-mail click rate`,
    email_ctor: t`E-mail click-to-open rate`,
    email_unsubscribe_rate: t`E-mail unsubscribe rate`,
    email_complaint_rate: t`E-mail complaint rate`,
    customer_conversion_rate: t`Conversion rate (customers)`,
    revenue_gross: t`Revenue before refunds`,
    refunds: t`Refunds`,
    delivery_margin: t`Delivery margin`,
    cac: t`Customer acquisition cost`,
    roas: t`Return on ad spend`,
    churn_annualised: t`Annualised churn`,
    time_between_purchases_km: t`Time between purchases, open gaps included`,
    at_risk_rate: t`At-risk rate`,
    clv_revenue: t`Historic CLV (revenue)`,
    stage_count: t`Customers in the stage`,
    stage_share: t`Share of customers`,
    stage_in: t`Entered`,
    stage_out: t`Left`,
    stage_net: t`Net flow`,
    dwell_p90: t`Time in stage, 90 %`,
    conversion_rate: t`Conversion rate (sessions)`,
    dwell: t`Time in stage`,
    clv_historic: t`Historic CLV`,
    recency: t`Days since last order`,
    gap: t`Typical gap between orders`,
  }
  return (kpi: Pick<Kpi, 'key' | 'name'>) => names[kpi.key] ?? kpi.name
}

export function useRoleName() {
  const { t } = useLingui()
  return (role: Role) => ({ owner: t`Owner`, admin: t`Administrator`, marketer: t`Marketer`, analyst: t`Analyst`, support: t`Support`, developer: t`Developer` })[role] ?? role
}

export const roles: Role[] = ['owner', 'admin', 'marketer', 'analyst', 'support', 'developer']

export function useCauseName() {
  const { t } = useLingui()
  return (cause: Cause) => ({ event: t`by an event`, timer: t`by time passing`, recompute: t`by a new version of the model` })[cause] ?? cause
}

export function useKindName() {
  const { t } = useLingui()
  const names: Record<string, string> = { track: t`Event`, page: t`Page`, screen: t`Screen`, identify: t`Traits`, group: t`Group`, alias: t`Alias`, stage: t`Stage change`, any: t`Anything` }
  return (kind: string) => names[kind] ?? kind
}

/** What happened to the identity of a customer, by the rule that decided it. */
export function useRuleName() {
  const { t } = useLingui()
  const names: Record<string, string> = { merged: t`merged`, attached: t`identifier attached`, switched: t`another user on the same device`, demoted: t`left out as less certain`, refused: t`refused by a limit`, split: t`separated`, full: t`nothing attaches any more` }
  return (rule: string) => names[rule] ?? rule
}

/** Reasons for quarantine and refusal, in words; unknown codes are shown as they are. */
export function useReasonName() {
  const { t } = useLingui()
  const names: Record<string, string> = {
    time_in_future: t`Time in the future`,
    time_too_old: t`Time too long ago`,
    no_identifier: t`No identifier`,
    missing_customer: t`Customer id is missing`,
    bad_json: t`Broken JSON`,
    bad_type: t`Wrong type`,
    bad_time: t`Time cannot be read`,
    bad_number: t`Number cannot be read`,
    too_large: t`Too large`,
    too_deep: t`Nested too deeply`,
    missing_event: t`Event name is missing`,
    ragged_row: t`Row with too few or too many columns`,
    bad_encoding: t`Wrong encoding`,
  }
  return (reason: string) => names[reason] ?? reason.replaceAll('_', ' ')
}
