import { describe, expect, it } from 'vitest'
import type { Definition, Stage, StageModel } from '~/api'
import { addStage, draftOf, incomplete, keyFor, moveStage, saved } from './draft'

const stage = (key: string, off = false): Stage => ({ key, label: key, color: '#000000', off_path: off, when: { did: { kind: 'page' } } })
const model: Definition = { key: 'm', name: 'M', stages: [stage('a'), stage('b'), stage('c'), stage('x', true), stage('y', true)] }
const keys = (d: Definition) => d.stages.map((s) => s.key).join('')

describe('moveStage', () => {
  it('moves a stage along the path', () => {
    expect(keys(moveStage(model, 0, 2))).toBe('bcaxy')
    expect(keys(moveStage(model, 2, 0))).toBe('cabxy')
  })
  it('keeps stages off the path behind those on it', () => {
    expect(keys(moveStage(model, 4, 0))).toBe('abcyx')
    expect(keys(moveStage(model, 0, 4))).toBe('bcaxy')
  })
  it('ignores places that are not there', () => {
    expect(moveStage(model, 0, 9)).toBe(model)
    expect(moveStage(model, 9, 0)).toBe(model)
  })
})

describe('addStage', () => {
  it('puts a stage at the end of its part, with a new key and an unused colour', () => {
    const next = addStage(model, 'New stage', false)
    expect(next.stages.map((s) => s.key)).toEqual(['a', 'b', 'c', 'new_stage', 'x', 'y'])
    const again = addStage(next, 'New stage', false)
    expect(again.stages[4]!.key).toBe('new_stage_2')
    expect(again.stages[4]!.color).not.toBe(again.stages[3]!.color)
    expect(addStage(model, 'Gone', true).stages.at(-1)!.key).toBe('gone')
  })
  it('is incomplete until it has a condition', () => {
    expect(incomplete(model)).toEqual([])
    expect(incomplete(addStage(model, 'New stage', false))).toEqual(['new_stage'])
  })
})

it('opens the conditions of a model, and saves them as they were', () => {
  const kept = { ...model, id: '1', version: 1 } as unknown as StageModel
  expect(draftOf(kept).stages[0]!.when).toEqual({ all: [{ did: { kind: 'page' } }] })
  expect(saved(draftOf(kept)).stages).toEqual(model.stages)
})

it('makes keys from labels in other languages', () => {
  expect(keyFor('Fidélité & Co.', [])).toBe('fidelite_co')
  expect(keyFor('Atașament', ['x'])).toBe('atasament')
  expect(keyFor('客户', [])).toBe('stage')
})
