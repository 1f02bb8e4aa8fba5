import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { useNav } from './nav'
import classes from './shell.module.css'

/** The menu of the app. */
export function NavLinks() {
  const { t } = useLingui()
  const groups = useNav()
  return (
    <nav aria-label={t`Main`} className={classes.nav}>
      {groups.map((group) => (
        <div key={group.label} className={classes.group}>
          {group.title && <div className={classes.groupTitle}>{group.title}</div>}
          {group.items.map((item) => (
            <Link key={item.to} to={item.to} className={classes.link} activeProps={{ 'data-active': true, 'aria-current': 'page' }}>
              <item.icon size={18} stroke={1.7} aria-hidden />
              {item.label}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  )
}
