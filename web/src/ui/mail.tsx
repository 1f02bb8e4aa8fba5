import { Trans } from '@lingui/react/macro'

/** Why no letter goes out, and what helps. */
export const NotReady = () => (
  <Trans>
    Mail is not set up: start Ciclo with <code>--smtp</code> and <code>--mail-from</code>.
  </Trans>
)
