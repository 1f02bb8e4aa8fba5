import { ActionIcon, Button, Group, UnstyledButton } from '@mantine/core'
import { closestCenter, DndContext, type DragEndEvent, KeyboardSensor, PointerSensor, useSensor, useSensors } from '@dnd-kit/core'
import { SortableContext, sortableKeyboardCoordinates, useSortable, verticalListSortingStrategy } from '@dnd-kit/sortable'
import { useLingui } from '@lingui/react/macro'
import type { Definition, Preview, Stage } from '~/api'
import { useFormat } from '~/ui/format'
import { IconDown, IconGrip, IconPlus, IconUp } from '~/ui/icons'
import { StageName } from '~/ui/page'
import { addStage, moveStage } from './draft'
import classes from './models.module.css'

type Props = { draft: Definition; setDraft: (next: Definition) => void; picked?: string; pick: (key: string) => void; preview?: Preview; loading: boolean; missing: string[]; can: boolean }

/** The stages in path order, with live counts; dragged by mouse or keyboard, or moved with the arrow buttons. */
export function StageList({ draft, setDraft, picked, pick, preview, loading, missing, can }: Props) {
  const { t } = useLingui()
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 4 } }), useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }))
  const index = (key: unknown) => draft.stages.findIndex((s) => s.key === key)
  const onDragEnd = (e: DragEndEvent) => e.over && setDraft(moveStage(draft, index(e.active.id), index(e.over.id)))
  const name = (key: unknown) => draft.stages[index(key)]?.label ?? ''
  const add = (off: boolean) => {
    const next = addStage(draft, off ? t`New state` : t`New stage`, off)
    setDraft(next)
    pick(next.stages.find((s) => !draft.stages.some((x) => x.key === s.key))!.key)
  }
  return (
    <>
      <DndContext
        sensors={sensors}
        collisionDetection={closestCenter}
        onDragEnd={onDragEnd}
        accessibility={{
          screenReaderInstructions: { draggable: t`Press Space to pick up the stage, move it with the arrow keys, and press Space again to put it down. Escape cancels.` },
          announcements: {
            onDragStart: ({ active }) => t`Picked up ${name(active.id)}.`,
            onDragOver: ({ active, over }) => (over ? t`${name(active.id)} is over ${name(over.id)}.` : ''),
            onDragEnd: ({ active, over }) => (over ? t`Put ${name(active.id)} down at ${name(over.id)}.` : t`Put down.`),
            onDragCancel: () => t`Cancelled.`,
          },
        }}
      >
        <SortableContext items={draft.stages.map((s) => s.key)} strategy={verticalListSortingStrategy}>
          <ol className={classes.stages}>
            {draft.stages.map((s, i) => (
              <Row key={s.key} stage={s} on={s.key === picked} pick={() => pick(s.key)} count={preview?.stages.find((x) => x.key === s.key)?.after} loading={loading} bad={missing.includes(s.key)} can={can} up={i > 0 && draft.stages[i - 1]!.off_path === s.off_path ? () => setDraft(moveStage(draft, i, i - 1)) : undefined} down={i < draft.stages.length - 1 && draft.stages[i + 1]!.off_path === s.off_path ? () => setDraft(moveStage(draft, i, i + 1)) : undefined} />
            ))}
          </ol>
        </SortableContext>
      </DndContext>
      {can && (
        <Group gap="xs" mt="sm">
          <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} onClick={() => add(false)}>{t`Stage`}</Button>
          <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => add(true)}>{t`State off the path`}</Button>
        </Group>
      )}
    </>
  )
}

function Row({ stage, on, pick, count, loading, bad, can, up, down }: { stage: Stage; on: boolean; pick: () => void; count?: number; loading: boolean; bad: boolean; can: boolean; up?: () => void; down?: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const sortable = useSortable({ id: stage.key, disabled: !can })
  const move = sortable.transform
  return (
    <li ref={sortable.setNodeRef} className={classes.stageRow} data-on={on} data-off={stage.off_path} style={{ transform: move ? `translate3d(0, ${move.y}px, 0)` : undefined, transition: sortable.transition, zIndex: sortable.isDragging ? 2 : undefined, position: 'relative' }}>
      {can && (
        <button type="button" ref={sortable.setActivatorNodeRef} className={classes.grip} {...sortable.attributes} {...sortable.listeners} style={{ border: 0, background: 'none' }} aria-label={t`Move ${stage.label}`}>
          <IconGrip size={15} aria-hidden />
        </button>
      )}
      <UnstyledButton className={classes.pick} onClick={pick} aria-current={on}>
        <StageName color={stage.color} label={stage.label || '–'} />
        <small style={{ opacity: loading ? 0.5 : 1 }}>{bad ? t`to fill in` : count === undefined ? '…' : f.int(count)}</small>
      </UnstyledButton>
      {can && (
        <>
          <ActionIcon size="sm" variant="subtle" color="gray" disabled={!up} onClick={up} aria-label={t`Move ${stage.label} up`}>
            <IconUp size={14} />
          </ActionIcon>
          <ActionIcon size="sm" variant="subtle" color="gray" disabled={!down} onClick={down} aria-label={t`Move ${stage.label} down`}>
            <IconDown size={14} />
          </ActionIcon>
        </>
      )}
    </li>
  )
}
