import type { Definition, Stage, StageModel } from '~/api'
import { fresh, gaps } from '~/conditions/kinds'
import { closed, opened } from '~/conditions/tree'
import { offPalette, palette } from '~/ui/stage-colors'

/** The part of a model that can be edited, its conditions as the form shows them. */
export function draftOf(model: StageModel): Definition {
  return { key: model.key, name: model.name, stages: openedStages(model.stages), activity: model.activity }
}

export const openedStages = (stages: Stage[]): Stage[] => stages.map((s) => ({ ...s, when: opened(s.when) }))

/** What is saved of a draft. */
export const saved = (d: Definition): Definition => ({ ...d, stages: d.stages.map((s) => ({ ...s, when: s.when && closed(s.when) })) })

/** A key for a label: small letters, digits and underscores, different from those in use. */
export function keyFor(label: string, used: string[]): string {
  const base = label.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '') || 'stage'
  if (!used.includes(base)) return base
  for (let n = 2; ; n++) if (!used.includes(`${base}_${n}`)) return `${base}_${n}`
}

/** Adds a stage at the end of its part: on the path, or off it. */
export function addStage(d: Definition, label: string, off: boolean): Definition {
  const colors = off ? offPalette : palette
  const color = colors.find((c) => !d.stages.some((s) => s.color === c)) ?? colors[0]!
  const stage: Stage = { key: keyFor(label, d.stages.map((s) => s.key)), label, color, off_path: off, when: { all: [fresh('did')] }, min_stay: '0s', touchpoints: [], kpis: [] }
  const at = off ? d.stages.length : d.stages.filter((s) => !s.off_path).length
  return { ...d, stages: d.stages.toSpliced(at, 0, stage) }
}

/** Moves a stage to another place; stages off the path stay behind those on it. */
export function moveStage(d: Definition, from: number, to: number): Definition {
  const stage = d.stages[from]
  if (!stage || to < 0 || to >= d.stages.length || from === to) return d
  const stages = d.stages.toSpliced(from, 1).toSpliced(to, 0, stage)
  return { ...d, stages: [...stages.filter((s) => !s.off_path), ...stages.filter((s) => s.off_path)] }
}

/** Stages that are not complete: no label, no condition, or a condition with gaps. Keys of the stages. */
export function incomplete(d: Definition): string[] {
  return d.stages.filter((s) => !s.label.trim() || !s.when || gaps(s.when).length > 0).map((s) => s.key)
}
