/** One CSV text (RFC 4180) from rows; a leading = + - @ is quoted so that spreadsheets do not run it. */
export function toCsv(rows: (string | number | null)[][]): string {
  return rows
    .map((row) =>
      row
        .map((cell) => {
          if (cell === null) return ''
          if (typeof cell === 'number') return String(cell)
          const safe = /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell
          return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
        })
        .join(','),
    )
    .join('\r\n')
}

/** Hands a text to the browser as a file. */
export function saveFile(name: string, text: string, type = 'text/csv') {
  saveBlob(name, new Blob([text], { type: `${type};charset=utf-8` }))
}

/** Hands a file to the browser. */
export function saveBlob(name: string, blob: Blob) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The download has begun when the click returns, but some browsers read a moment later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
