// Sets the colour scheme and the language before the first paint. It is a file and not an inline script because of the content security policy.
;(function () {
  var root = document.documentElement
  var scheme = null
  var locale = null
  try {
    scheme = localStorage.getItem('mantine-color-scheme-value')
    locale = localStorage.getItem('ciclo-locale')
  } catch (_) {
    // Storage may be refused; the defaults below are fine.
  }
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }
  root.setAttribute('data-mantine-color-scheme', scheme)
  if (locale) root.lang = locale
})()
