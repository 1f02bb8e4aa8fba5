import { useMemo } from 'react'
import type { StageModel } from '~/api'

/** Colours for stages that have none, chosen to differ in both colour schemes. */
export const palette = ['#2f9ec4', '#4c7ef3', '#7a5cf0', '#b04fd0', '#1c9a6c', '#d9622b', '#c2417c', '#5f8d1c']
export const offPalette = ['#c58a14', '#868e9c', '#a4604a']

export type StageInfo = { label: string; color: string; off: boolean; index: number }

/** Label and colour of the stages of a model by key. */
export function useStages(model: StageModel | undefined): (key: string | null | undefined) => StageInfo {
  return useMemo(() => {
    const map = new Map<string, StageInfo>()
    model?.stages.forEach((s, i) => map.set(s.key, { label: s.label, color: s.color || (s.off_path ? offPalette[i % offPalette.length]! : palette[i % palette.length]!), off: s.off_path, index: i }))
    return (key) => (key && map.get(key)) || { label: key || '–', color: 'var(--app-border-strong)', off: true, index: 999 }
  }, [model])
}
