import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, q, type Role, type Workspace } from '~/api'

const outside: Workspace = { id: '', name: '', time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, currency: 'EUR', week_start: 1, lapse_days: 90, refund_date: 'refund', backup_retention_days: 30, staff: [] }

/** The signed-in session; undefined on the sign-in and set-up pages. */
export function useSession() {
  return useQuery({ ...q.session(), enabled: false }).data
}

/** The workspace, or sensible defaults of this browser when nobody is signed in. */
export function useWorkspace(): Workspace {
  return useSession()?.workspace ?? outside
}

const rights: Record<string, Role[]> = {
  edit: ['owner', 'admin', 'marketer', 'support', 'developer'],
  insight: ['owner', 'admin', 'marketer', 'analyst'],
  model: ['owner', 'admin', 'marketer'],
  data: ['owner', 'admin', 'developer'],
  admin: ['owner', 'admin'],
}

/** Whether the user's role has a right. The server decides; this only hides what would be refused. */
export function useCan(right: 'edit' | 'insight' | 'model' | 'data' | 'admin'): boolean {
  const role = useSession()?.user.role
  return !!role && rights[right]!.includes(role)
}

export function useSignOut() {
  const client = useQueryClient()
  return useCallback(async () => {
    await api.delete('/session').catch(() => undefined)
    client.clear()
    window.location.assign('/sign-in')
  }, [client])
}
