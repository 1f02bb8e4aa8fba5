import { Drawer } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Logo } from './logo'
import { NavLinks } from './nav-links'
import { SearchDialog } from './search'
import { ShortcutsDialog } from './shortcuts-dialog'

type Props = { search: boolean; closeSearch: () => void; help: boolean; closeHelp: () => void; nav: boolean; closeNav: () => void }

/** What opens above the frame: search, the list of shortcuts, and the menu of narrow screens. */
export default function Dialogs({ search, closeSearch, help, closeHelp, nav, closeNav }: Props) {
  const { t } = useLingui()
  return (
    <>
      <Drawer opened={nav} onClose={closeNav} size={270} title={<Logo />} closeButtonProps={{ 'aria-label': t`Close` }}>
        <NavLinks />
      </Drawer>
      <SearchDialog opened={search} close={closeSearch} />
      <ShortcutsDialog opened={help} close={closeHelp} />
    </>
  )
}
