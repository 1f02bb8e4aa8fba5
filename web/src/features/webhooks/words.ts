import { useLingui } from '@lingui/react/macro'

/** What webhooks can be told, in words. */
export function useEventWords() {
  const { t } = useLingui()
  const words: Record<string, string> = {
    'segment.entered': t`A customer entered a segment`,
    'segment.left': t`A customer left a segment`,
    'alert.firing': t`An alert fires`,
    'alert.recovered': t`An alert is over`,
    'digest.ready': t`A digest is ready`,
    ping: t`Test`,
  }
  return (event: string) => words[event] ?? event
}
