import { useLingui } from '@lingui/react/macro'
import type { Segment } from '~/api/segments'
import { Card } from '~/ui/page'
import { ErrorBox } from '~/ui/errors'
import { ConditionBuilder } from '~/conditions/builder'
import { PreviewPanel } from './preview'
import type { useEditor } from './use-editor'
import classes from './segments.module.css'

/** The builder and, beside it, what it gives. */
export function Workbench({ editor, segment, can, children }: { editor: ReturnType<typeof useEditor>; segment?: Segment; can: boolean; children?: React.ReactNode }) {
  const { t } = useLingui()
  const { preview, refused } = editor
  const general = refused && editor.faults.every((f) => f.soft) ? refused : undefined
  return (
    <div className={classes.layout}>
      <div className={classes.left}>
        {children}
        <Card title={t`Condition`}>
          <ConditionBuilder draft={editor.draft} faults={editor.faults} self={segment?.key} readOnly={!can} />
        </Card>
        <Card title={t`In words`}>
          <p className={classes.sentence} data-stale={editor.stale || editor.incomplete}>
            {preview?.sentence ?? segment?.sentence ?? t`The condition as a sentence appears here.`}
          </p>
        </Card>
      </div>
      <div className={classes.right}>
        <PreviewPanel preview={preview} loading={editor.loading} stale={editor.stale} incomplete={editor.incomplete} changed={editor.changed} refused={refused?.message} />
        {general && <ErrorBox error={general} />}
      </div>
    </div>
  )
}
