declare module '*.po' {
  export const messages: Record<string, string>
}
declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
  import type { FunctionComponent, SVGProps } from 'react'
  const Icon: FunctionComponent<Omit<SVGProps<SVGSVGElement>, 'ref' | 'stroke'> & { size?: number | string; stroke?: number | string }>
  export default Icon
}
declare module 'get-nonce' {
  export function setNonce(nonce: string): void
}
