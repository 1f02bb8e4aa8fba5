import { createContext, useContext } from 'react'
import { ApiError } from '~/api'
import type { Missing } from './draft'
import classes from './insights.module.css'

/** What is wrong at which place of the spec: from the server, and what is still to fill in. */
export const Problems = createContext<{ error: unknown; missing: Missing[] }>({ error: null, missing: [] })

/** The messages at a place and inside of it, named as the server names it. */
export function useProblems(path: string) {
  const { error, missing } = useContext(Problems)
  const at = (location: string) => location === path || location.startsWith(`${path}.`) || location.startsWith(`${path}[`)
  return {
    refused: error instanceof ApiError ? error.fields.filter((f) => at(f.location.replace(/^body\.(spec\.)?/, ''))).map((f) => f.message) : [],
    gap: missing.find((m) => at(m.path))?.what,
  }
}

export function ProblemLine({ path }: { path: string }) {
  const { refused } = useProblems(path)
  return refused.length > 0 ? (
    <p className={classes.bad} role="alert">
      {refused.join(' ')}
    </p>
  ) : null
}
