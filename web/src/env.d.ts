declare module '*.po' {
  export const messages: Record<string, string>
}
declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
  import type { ComponentType, SVGProps } from 'react'
  const Icon: ComponentType<Omit<SVGProps<SVGSVGElement>, 'ref'> & { size?: number | string; stroke?: number | string }>
  export default Icon
}
declare module 'get-nonce' {
  export function setNonce(nonce: string): void
}
