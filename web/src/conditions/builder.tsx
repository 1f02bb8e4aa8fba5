import { ActionIcon, Button, Popover, SegmentedControl, Skeleton, Tooltip } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type KeyboardEvent, lazy, Suspense, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Cond } from '~/api/condition'
import { IconKeyboard, IconRedo, IconUndo } from '~/ui/icons'
import { BuilderState, type Fault } from './context'
import type { Draft } from './history'
import { fresh } from './kinds'
import { type Actions, Row } from './row'
import { add, at, duplicate, flat, modeOf, move, negate, type Path, remove, unwrap, withMode, wrap, put } from './tree'
import classes from './builder.module.css'

const JsonView = lazy(() => import('./json-view'))

type Props = { draft: Draft; faults: Fault[]; self?: string; stages?: { key: string; label: string }[]; readOnly?: boolean; /** Just added: the focus goes to the first field. */ begun?: boolean }

/** Edits a condition: groups within groups, every kind of the language, by pointer or by keyboard alone. */
export function ConditionBuilder({ draft, faults, self, stages, readOnly = false, begun = false }: Props) {
  const { t } = useLingui()
  const [view, setView] = useState<'form' | 'json'>('form')
  const box = useRef<HTMLDivElement>(null)
  const [focus, setFocus] = useState<{ path: Path; field?: boolean } | undefined>(begun ? { path: [0], field: true } : undefined)
  const root = draft.value
  const joinLabel = t`How the conditions are joined`

  const goTo = (path: Path, field = false) => {
    const row = rowAt(box.current, path)
    const first = field ? row?.querySelector<HTMLElement>(`input:not([type=hidden], [aria-label="${joinLabel}"])`) : undefined
    ;(first ?? row)?.focus()
  }
  // At once, so that no key of a fast hand is lost; and later, as a menu that closes gives the focus to its button first.
  const later = useRef<number>(undefined)
  useLayoutEffect(() => {
    if (!focus) return
    setFocus(undefined)
    const go = () => goTo(focus.path, focus.field)
    const active = document.activeElement
    if (!active || active === document.body || box.current?.contains(active)) go()
    window.clearTimeout(later.current)
    later.current = window.setTimeout(go, 40)
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [focus, root])

  const actions = useMemo<Actions>(() => {
    const go = ({ root: next, path }: { root: Cond; path: Path }, field = false) => {
      draft.set(next)
      setFocus({ path, field })
    }
    return {
      edit: (path, next) => draft.set(next, path.join('.')),
      mode: (path, mode) => draft.set(put(root, path, withMode(at(root, path)!, mode))),
      add: (path, kind) => {
        const done = add(root, path, kind === 'stage' && stages ? { stage: { was: '' } } : fresh(kind))
        const first = kind === 'all' || kind === 'any' ? [...done.path, 0] : kind === 'keyed' ? done.path : done.path
        go({ root: done.root, path: first }, true)
      },
      remove: (path) => go(remove(root, path)),
      duplicate: (path) => go(duplicate(root, path)),
      wrap: (path) => go(wrap(root, path)),
      unwrap: (path) => go(unwrap(root, path)),
      negate: (path) => go({ root: negate(root, path), path }),
      move: (path, by) => go(move(root, path, by)),
    }
  }, [root, draft, stages])

  const onKey = (e: KeyboardEvent<HTMLDivElement>) => {
    const target = e.target as HTMLElement
    const row = target.closest<HTMLElement>('[data-path]')
    if (!row || !box.current?.contains(row) || readOnly) return
    window.clearTimeout(later.current)
    const path = row.dataset.path === '' ? [] : row.dataset.path!.split('.').map(Number)
    const used = keyed(e, target === row, path)
    if (used) {
      e.preventDefault()
      e.stopPropagation()
    }
  }

  const keyed = (e: KeyboardEvent, onRow: boolean, path: Path): boolean => {
    const undo = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'z'
    if (undo && onRow) {
      if (e.shiftKey) draft.redo()
      else draft.undo()
      setFocus({ path: [] })
      return true
    }
    if (e.ctrlKey || e.metaKey) return false
    if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
      actions.move(path, e.key === 'ArrowUp' ? -1 : 1)
      return true
    }
    if (e.altKey) return false
    if (!onRow) {
      // Escape leaves a field for its condition; an open list takes the key for itself.
      if (e.key !== 'Escape' || (e.target as HTMLElement).getAttribute('aria-expanded') === 'true') return false
      goTo(path)
      return true
    }
    const all = flat(root)
    const i = all.findIndex((p) => p.join() === path.join())
    const to = (p: Path | undefined) => {
      if (p) rowAt(box.current, p)?.focus()
      return true
    }
    switch (e.key) {
      case 'ArrowDown':
        return to(all[Math.min(i + 1, all.length - 1)])
      case 'ArrowUp':
        return to(all[Math.max(i - 1, 0)])
      case 'ArrowLeft':
        return to(path.slice(0, -1))
      case 'ArrowRight':
        return to(all[i + 1]?.length === path.length + 1 ? all[i + 1] : path)
      case 'Enter':
        goTo(path, true)
        return true
      case 'Delete':
      case 'Backspace':
        if (path.length > 0) actions.remove(path)
        return true
    }
    const act: Record<string, () => void> = {
      a: () => openAdd(box.current, path),
      d: () => actions.duplicate(path),
      w: () => actions.wrap(path),
      u: () => actions.unwrap(path),
      n: () => actions.negate(path),
      o: () => toggleMode(path),
    }
    const run = act[e.key.toLowerCase()]
    run?.()
    return !!run
  }

  const toggleMode = (path: Path) => {
    const node = at(root, path)
    if (!node) return
    const flip = { all: 'any', any: 'all', none: 'not_all', not_all: 'none' } as const
    actions.mode(path, flip[modeOf(node)])
  }

  const state = useMemo(() => ({ faults, self, stages, readOnly }), [faults, self, stages, readOnly])
  return (
    <BuilderState.Provider value={state}>
      <div className={classes.bar}>
        <SegmentedControl size="xs" aria-label={t`Form or JSON`} value={view} onChange={(v) => setView(v as 'form' | 'json')} data={[{ value: 'form', label: t`Form` }, { value: 'json', label: 'JSON' }]} />
        <span className={classes.barEnd}>
          {!readOnly && (
            <>
              <Tool label={t`Undo`} off={!draft.canUndo} run={draft.undo} icon={IconUndo} />
              <Tool label={t`Redo`} off={!draft.canRedo} run={draft.redo} icon={IconRedo} />
              <Keys />
            </>
          )}
        </span>
      </div>
      {view === 'json' ? (
        <Suspense fallback={<Skeleton height={240} />}>
          <JsonView value={root} readOnly={readOnly} onChange={(next) => (draft.set(next), setView('form'))} />
        </Suspense>
      ) : (
        // Shortcuts of the conditions inside; each of them can be focused.
        // eslint-disable-next-line jsx-a11y/no-static-element-interactions
        <fieldset ref={box as never} className={classes.box} disabled={readOnly} onKeyDown={onKey as never}>
          <legend className="sr-only">{t`Condition`}</legend>
          <Row root={root} node={root} path={[]} actions={actions} />
        </fieldset>
      )}
    </BuilderState.Provider>
  )
}

const rowAt = (box: HTMLElement | null, path: Path) => box?.querySelector<HTMLElement>(`[data-path="${path.join('.')}"]`) ?? undefined

/** Opens the menu of what can be added: that of the group, or of the group around. */
function openAdd(box: HTMLElement | null, path: Path) {
  for (let p = path; ; p = p.slice(0, -1)) {
    const button = [...(rowAt(box, p)?.children ?? [])].find((c): c is HTMLElement => c instanceof HTMLElement && c.hasAttribute('data-add'))
    if (button) {
      button.focus()
      button.click()
      return
    }
    if (p.length === 0) return
  }
}

function Tool({ label, off, run, icon: Icon }: { label: string; off: boolean; run: () => void; icon: typeof IconUndo }) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="md" variant="subtle" color="gray" aria-label={label} disabled={off} onClick={run}>
        <Icon size={17} />
      </ActionIcon>
    </Tooltip>
  )
}

function Keys() {
  const { t } = useLingui()
  const keys: [string, string][] = [
    ['↑ ↓', t`go from condition to condition`],
    ['← →', t`to the group around, into the group`],
    ['Enter', t`into the fields; Esc comes back`],
    ['A', t`add a condition`],
    ['D', t`duplicate`],
    ['W, U', t`put in a group, dissolve the group`],
    ['N', t`not`],
    ['O', t`all of or any of`],
    ['Alt ↑ ↓', t`move up or down, in and out of groups`],
    ['Del', t`remove`],
    ['Ctrl Z', t`undo; with Shift redo`],
  ]
  return (
    <Popover position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconKeyboard size={15} />}>{t`Keys`}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t`Keys`}>
        {/* Focusable, so that the keyboard reaches what it reads. */}
        <dl className={classes.keys} tabIndex={0}>
          {keys.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd className={classes.kbd}>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  )
}
