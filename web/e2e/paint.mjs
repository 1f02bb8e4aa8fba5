// Measures how long the board takes in a browser whose processor is slowed four times, median of seven visits with an empty
// cache: the first paint (the outline of the page), the first text, and the board with its figures.
// BASE_URL, EMAIL and PASSWORD name the server.
import { base, launch, settled, signIn, watchedPage } from './browser.mjs'

const browser = await launch()
const state = await signIn(browser)
const paint = []
const text = []
const whole = []
for (let i = 0; i < 7; i++) {
  const { context, page } = await watchedPage(browser, { storageState: state })
  const devtools = await context.newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.goto(base + '/board')
  await page.waitForSelector('section[aria-labelledby^=stage-]')
  whole.push(await page.evaluate(() => performance.now()))
  await settled(page)
  const at = (name) => page.evaluate((n) => performance.getEntriesByName(n)[0].startTime, name)
  paint.push(await at('first-paint'))
  text.push(await at('first-contentful-paint'))
  await context.close()
}
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
console.log(`first paint ${(median(paint) / 1000).toFixed(2)} s, first text ${(median(text) / 1000).toFixed(2)} s, board with its figures ${(median(whole) / 1000).toFixed(2)} s, processor slowed 4 times`)
await browser.close()
