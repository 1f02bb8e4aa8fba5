import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import classes from './segments.module.css'

/** The pages about segments beside each other. */
export function SegmentsNav() {
  const { t } = useLingui()
  const active = { activeProps: { 'data-active': true, 'aria-current': 'page' as const }, activeOptions: { exact: true, includeSearch: false } }
  return (
    <nav className={classes.nav} aria-label={t`Segments`}>
      <Link to="/segments" {...active}>{t`All segments`}</Link>
      <Link to="/segments/ready" {...active}>{t`Ready-made`}</Link>
      <Link to="/segments/rfm" {...active}>{t`RFM grid`}</Link>
      <Link to="/segments/personas" {...active}>{t`Personas`}</Link>
      <Link to="/segments/overlap" {...active}>{t`Overlap`}</Link>
    </nav>
  )
}
