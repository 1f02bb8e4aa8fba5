import classes from './shell.module.css'

export function Logo() {
  return (
    <span className={classes.logo}>
      <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden>
        <rect width="32" height="32" rx="8" fill="#364fc7" />
        <path d="M22.6 11.2A8.2 8.2 0 1 0 24.2 16" fill="none" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" />
        <circle cx="22.8" cy="10.6" r="2.7" fill="#74c0fc" />
      </svg>
      Ciclo
    </span>
  )
}
