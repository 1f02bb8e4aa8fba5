import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { Tile } from '~/api/dashboards'

/** Title of a tile, and the words of a text. */
export default function TileDialog({ tile, save, close }: { tile: Tile; save: (tile: Tile) => void; close: () => void }) {
  const { t } = useLingui()
  const [title, setTitle] = useState(tile.title ?? '')
  const [text, setText] = useState(tile.text ?? '')
  return (
    <Modal opened onClose={close} title={tile.kind === 'text' ? t`Change the text` : t`Change the title`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          const { title: _, ...rest } = tile
          save({ ...rest, ...(title.trim() ? { title: title.trim() } : {}), ...(tile.kind === 'text' ? { text: text.trim() } : {}) })
          close()
        }}
      >
        <Stack>
          <TextInput label={t`Title`} description={tile.kind === 'text' ? undefined : t`Empty: the name of what it shows`} maxLength={200} data-autofocus value={title} onChange={(e) => setTitle(e.currentTarget.value)} />
          {tile.kind === 'text' && <Textarea label={t`Text`} required autosize minRows={4} maxLength={5000} value={text} onChange={(e) => setText(e.currentTarget.value)} />}
          <Group justify="flex-end">
            <Button type="submit" disabled={tile.kind === 'text' && !text.trim()}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
