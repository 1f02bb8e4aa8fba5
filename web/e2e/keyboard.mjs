// Works the screens by keyboard alone, since automatic checks find only a part: shortcuts, search, charts, the player,
// the order of stages, dialogs and their focus. BASE_URL, EMAIL and PASSWORD name the server.
import { base, launch, settled, signIn, watchedPage } from './browser.mjs'

const browser = await launch()
const state = await signIn(browser)
const { page, problems } = await watchedPage(browser, { storageState: state })
let failures = 0

async function step(name, run) {
  if (process.env.STEPS && !new RegExp(process.env.STEPS).test(name)) return
  try {
    await run()
    console.log(`ok   ${name}`)
  } catch (e) {
    failures++
    console.error(`FAIL ${name}: ${String(e).split('\n')[0]}`)
  }
}

function expect(value, what) {
  if (!value) throw new Error(what)
}

const open = async (path) => {
  await page.goto(base + path)
  await settled(page)
}
/** Waits until a condition in the page holds. */
const until = (f, arg) => page.waitForFunction(f, arg, { timeout: 8000 })

await step('g and a letter go to a page, and the focus goes to its content', async () => {
  await open('/board')
  for (const [key, path] of [['f', '/flow'], ['t', '/time-lapse'], ['c', '/customers'], ['k', '/kpis'], ['b', '/board']]) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await until((p) => location.pathname === p, path)
    await until(() => document.activeElement?.id === 'main')
  }
})

await step('/ finds a customer, arrows choose, Enter opens', async () => {
  await open('/board')
  const name = await page.evaluate(async () => (await (await fetch('/api/v1/customers?limit=1&has=email')).json()).customers[0].email)
  await page.keyboard.press('/')
  await until(() => document.activeElement?.getAttribute('role') === 'combobox')
  await page.keyboard.type(name)
  await page.waitForSelector('[role=option]:has-text("@")')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await until(() => /^\/customers\/.+/.test(location.pathname))
})

await step('shortcuts do nothing while typing', async () => {
  await open('/customers')
  await page.locator('main input').first().focus()
  await page.keyboard.type('g?b')
  await page.waitForTimeout(500)
  expect((await page.evaluate(() => location.pathname)) === '/customers', 'left the page')
  expect((await page.locator('[role=dialog]').count()) === 0, 'a dialog opened')
})

await step('? lists the shortcuts; Escape closes and gives the focus back', async () => {
  await open('/board')
  await page.keyboard.press('?')
  await page.waitForSelector('[role=dialog] dl')
  await page.keyboard.press('Escape')
  await page.waitForSelector('[role=dialog] dl', { state: 'detached' })
})

await step('the first Tab offers to skip to the content', async () => {
  await open('/board')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await until(() => location.hash === '#main')
})

await step('a KPI tile opens its formula and Escape returns to the tile', async () => {
  await open('/board')
  const tile = page.locator('section[aria-labelledby^=stage-] button[aria-haspopup=dialog]').first()
  if ((await tile.count()) === 0) return
  await tile.focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('[role=dialog] dl')
  await page.keyboard.press('Escape')
  await until(() => document.activeElement?.getAttribute('aria-haspopup') === 'dialog')
})

await step('arrows move through the flow and say each band; Enter opens it', async () => {
  await open('/flow')
  await page.locator('[role=application]').focus()
  await page.keyboard.press('ArrowRight')
  const said = () => page.evaluate(() => document.querySelector('[aria-live=polite]:not([role=region])')?.textContent ?? '')
  await until(() => /\d/.test(document.querySelector('main [aria-live=polite]')?.textContent ?? ''))
  const first = await said()
  await page.keyboard.press('ArrowRight')
  await page.waitForTimeout(150)
  expect((await said()) !== first, 'the second band was not said')
  await page.keyboard.press('Enter')
  await until(() => ['/moves', '/customers'].includes(location.pathname))
})

await step('the time-lapse plays, steps and scrubs by keyboard', async () => {
  await open('/time-lapse')
  const day = () => page.locator('[role=slider]').getAttribute('aria-valuenow')
  await page.locator('[role=slider]').focus()
  const end = Number(await day())
  await page.keyboard.press('ArrowLeft')
  await page.waitForTimeout(150)
  expect(Number(await day()) === end - 1, 'the arrow did not step a day back')
  await page.keyboard.press('Home')
  await page.waitForTimeout(150)
  expect(Number(await day()) === 0, 'Home did not go to the first day')
  await page.locator('main').focus()
  await page.keyboard.press('Space')
  await until(() => Number(document.querySelector('[role=slider]')?.getAttribute('aria-valuenow')) > 0)
  await page.keyboard.press('Space')
  await page.waitForTimeout(300)
  const stopped = await day()
  await page.waitForTimeout(1300)
  expect((await day()) === stopped, 'Space did not pause')
})

await step('a stage is moved with the buttons and a condition is added from the menu', async () => {
  await open('/board')
  const id = await page.evaluate(async () => (await (await fetch('/api/v1/stage-models')).json()).models[0].id)
  await open(`/stage-models/${id}`)
  const names = () => page.locator('ol button[aria-current]').allInnerTexts()
  const before = await names()
  await page.locator('ol li').nth(0).locator('button').last().focus()
  await page.keyboard.press('Enter')
  await page.waitForTimeout(200)
  const after = await names()
  expect(after[1]?.split('\n')[0] === before[0]?.split('\n')[0], 'the stage did not move down')
  // The builder comes a little later than the form.
  await page.waitForSelector('section[aria-labelledby=enters] [data-path="0"]')
  const rows = () => page.locator('section[aria-labelledby=enters] [data-path]').count()
  const is = (n) => until((n) => document.querySelectorAll('section[aria-labelledby=enters] [data-path]').length === n, n)
  const conditions = await rows()
  await page.locator('section[aria-labelledby=enters] [data-path=""] > [data-add]').focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('[role=menuitem]')
  const offered = (await page.getByRole('menuitem').allInnerTexts()).map((x) => x.split('\n')[0])
  expect(offered.includes('Stage') && offered.includes('Consent') && !offered.includes('Segment') && !offered.includes('RFM scores'), `a stage model offers ${offered}`)
  for (let i = 0; i < offered.indexOf('Trait'); i++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await is(conditions + 1)
  await until(() => document.activeElement?.getAttribute('aria-label') === 'Trait')
  await page.keyboard.type('plan')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await until(() => document.activeElement?.dataset.path !== undefined)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await is(conditions)
  await page.keyboard.press('Control+Shift+z')
  await is(conditions + 1)
})

await step('what a stage model cannot name is said at its condition, and another stage of it is asked for', async () => {
  page.once('dialog', (d) => void d.accept())
  await open('/board')
  const id = await page.evaluate(async () => (await (await fetch('/api/v1/stage-models')).json()).models[0].id)
  await open(`/stage-models/${id}`)
  const enters = page.locator('section[aria-labelledby=enters]')
  await page.waitForSelector('section[aria-labelledby=enters] [data-path="0"]')
  const write = async (json) => {
    await enters.getByRole('radio', { name: 'Form' }).press('ArrowRight')
    await page.getByLabel('Condition as JSON').fill(JSON.stringify(json))
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('section[aria-labelledby=enters] [data-path="1"]')
  }
  await write({ all: [{ did: { event: 'Order Completed' } }, { segment: { key: 'vip' } }] })
  await enters.locator('[data-path="1"][data-state=bad] [role=alert]', { hasText: 'cannot name segments' }).waitFor({ timeout: 8000 })
  await write({ all: [{ did: { event: 'Order Completed' } }, { trait: { name: 'country', op: 'matches', value: '(' } }] })
  await enters.locator('[data-path="1"][data-state=bad] [role=alert]').waitFor({ timeout: 8000 })
  await enters.locator('[data-path="1"]').focus()
  await page.keyboard.press('Delete')
  await enters.locator('[data-path=""] > [data-add]').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: /^Stage/ }).focus()
  await page.keyboard.press('Enter')
  // The menu fades out first.
  await until(() => document.activeElement?.getAttribute('aria-label') === 'Stage' && !document.querySelector('[role=menu]'))
  // What is still to fill in is said above and moves the field; a list whose field is out of sight is hidden.
  await page.evaluate(() => document.activeElement?.scrollIntoView({ block: 'center' }))
  await page.keyboard.press('Enter')
  await page.locator('[role=option]:visible').first().waitFor({ timeout: 8000 })
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await until(() => /has been in/.test(document.querySelector('section[aria-labelledby=enters] p[aria-live]')?.textContent ?? ''))
  expect((await enters.getByRole('combobox', { name: 'Stage', exact: true }).or(enters.getByRole('textbox', { name: 'Stage', exact: true })).first().inputValue()) !== '', 'no stage was chosen')
  // The refusals are what was asked for.
  problems.splice(0, problems.length, ...problems.filter((p) => !/status of (400|422)/.test(p)))
})

await step('a date of a condition takes a time by the clock of the workspace, and gives it back', async () => {
  page.once('dialog', (d) => void d.accept())
  const when = { all: [{ trait: { name: 'birthday', op: 'before', value: '2026-03-05' } }, { trait: { name: 'birthday', op: 'after', value: '2026-03-05T23:30:00Z' } }, { did: { event: 'Order Completed', window: { from: '2026-03-05T09:30:00Z' } } }] }
  await open(`/segments/new?when=${encodeURIComponent(JSON.stringify(when))}`)
  const json = async () => {
    await page.getByRole('radio', { name: 'Form' }).press('ArrowRight')
    const text = JSON.parse(await page.getByLabel('Condition as JSON').inputValue())
    await page.getByRole('radio', { name: 'JSON' }).press('ArrowLeft')
    await page.waitForSelector('[data-path="2"]')
    return text
  }
  const zone = await page.evaluate(async () => (await (await fetch('/api/v1/session')).json()).workspace?.time_zone)
  await page.locator('[data-path="0"]').getByRole('button', { name: 'Day: Time' }).focus()
  await page.keyboard.press('Enter')
  await until(() => document.activeElement?.getAttribute('aria-label') === 'Day: Time' && document.activeElement.type === 'time')
  await page.keyboard.type('0945AM')
  await until(() => document.activeElement?.value === '09:45')
  if (zone) await page.locator('[data-path="0"]').getByText(zone).waitFor({ timeout: 3000 })
  expect((await page.locator('[data-path="1"]').getByLabel('Day: Time').inputValue()) !== '', 'the hour of the second is not shown')
  const until_ = page.locator('[data-path="2"]').getByLabel('Until the day, empty for ever')
  await until_.first().fill('2026-04-01')
  const read = await json()
  expect(read.all[0].trait.value === '2026-03-05T09:45:00', `the time is ${read.all[0].trait.value}`)
  expect(read.all[1].trait.value === '2026-03-05T23:30:00Z', `the second became ${read.all[1].trait.value}`)
  expect(read.all[2].did.window.from === '2026-03-05T09:30:00Z', `the window became ${read.all[2].did.window.from}`)
  expect(Date.parse(read.all[2].did.window.to) > Date.parse('2026-04-01T12:00:00Z'), `the window ends ${read.all[2].did.window.to}`)
  await page.locator('[data-path="0"]').getByLabel('Day: Time').fill('')
  await page.locator('[data-path="1"]').getByLabel('Day: Time').fill('07:00')
  const again = await json()
  expect(again.all[0].trait.value === '2026-03-05', `without a time it is ${again.all[0].trait.value}`)
  expect(/^2026-03-0[56]T07:00:00$/.test(again.all[1].trait.value), `the second became ${again.all[1].trait.value}`)
})

await step('an event of the timeline opens by keyboard', async () => {
  const id = await page.evaluate(async () => (await (await fetch('/api/v1/customers?limit=1')).json()).customers[0].id)
  page.once('dialog', (d) => void d.accept())
  await open(`/customers/${id}`)
  const row = page.locator('button[aria-expanded]:has(time)').first()
  await row.focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('button[aria-expanded=true]:has(time)')
})

await step('a funnel is built by keyboard alone: kind, events, a further step, the answer', async () => {
  await open('/insights/new?kind=trend')
  await page.locator('[role=radio][aria-checked=true]').focus()
  await page.keyboard.press('ArrowRight')
  await until(() => document.activeElement?.getAttribute('data-kind') === 'funnel')
  const choose = async (label, text) => {
    await page.getByRole('combobox', { name: label, exact: true }).or(page.getByRole('textbox', { name: label, exact: true })).first().focus()
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
    await page.waitForSelector(`[role=option]:has-text("${text}")`)
    await page.waitForTimeout(400)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await until(([l, t]) => [...document.querySelectorAll('input')].some((i) => i.getAttribute('aria-label') === l && i.value === t), [label, text])
  }
  await choose('Step 1', 'Product Viewed')
  await choose('Step 2', 'Product Added')
  await page.getByRole('button', { name: 'Add a step', exact: true }).focus()
  await page.keyboard.press('Enter')
  await until(() => document.activeElement?.getAttribute('aria-label') === 'Step 3')
  await choose('Step 3', 'Order Completed')
  await until(() => /Product Viewed → Product Added → Order Completed/.test(document.querySelector('main header')?.textContent ?? ''))
  await page.waitForSelector('main [role=application][aria-label^="Product Viewed → Product Added → Order Completed"]')
})

await step('a number opens the people behind it, and one of them says why', async () => {
  await page.locator('main [role=application]').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await until(() => /2\. Product Added: .*\d/.test(document.querySelector('main [aria-live=polite]')?.textContent ?? ''))
  await page.keyboard.press('ArrowDown')
  await until(() => /left before/.test(document.querySelector('main [aria-live=polite]')?.textContent ?? ''))
  await page.keyboard.press('Enter')
  const why = page.getByRole('button', { name: /^Why is/ }).first()
  await why.waitFor({ timeout: 8000 })
  await why.focus()
  await page.keyboard.press('Enter')
  await page.getByText(/Came as far as step 1/).waitFor({ timeout: 8000 })
  await page.keyboard.press('Escape')
  await page.waitForSelector('[role=dialog]', { state: 'detached' })
})

await step('attribution is one stop for Tab: arrows go from number to number, Enter shows the people, who become a segment', async () => {
  await open('/insights/new?kind=attribution')
  await page.waitForSelector('main table [data-cell="0-0"]')
  await page.locator('main table [data-cell="0-0"]').first().focus()
  await page.keyboard.press('ArrowDown')
  await until(() => document.activeElement?.getAttribute('data-cell') === '1-0')
  await page.keyboard.press('ArrowRight')
  await until(() => document.activeElement?.getAttribute('data-cell') === '1-1')
  expect((await page.locator('main table').first().locator('[data-cell][tabindex="0"]').count()) === 1, 'more than one number takes Tab')
  await page.keyboard.press('Enter')
  const keep = page.getByRole('button', { name: 'Save as segment' })
  await keep.waitFor({ timeout: 8000 })
  await keep.focus()
  await page.keyboard.press('Enter')
  await until(() => document.activeElement?.tagName === 'INPUT')
  await page.keyboard.press('Control+A')
  const name = `Keyboard ${Date.now()}`
  await page.keyboard.type(name)
  await page.keyboard.press('Enter')
  await page.getByText(`“${name}” created.`, { exact: false }).first().waitFor({ timeout: 8000 })
  const made = await page.evaluate(async (n) => (await (await fetch('/api/v1/segments')).json()).segments.find((s) => s.name === n), name)
  expect(made, 'no such segment')
  await page.evaluate(async (id) => {
    const csrf = (await (await fetch('/api/v1/session')).json()).csrf_token
    await fetch(`/api/v1/segments/${id}`, { method: 'DELETE', headers: { 'X-CSRF-Token': csrf } })
  }, made.id)
  await page.keyboard.press('Escape')
})

await step('paths are walked with the arrows, and Enter shows who went that way', async () => {
  await open('/insights/new?kind=paths')
  await page.locator('main [role=application]').focus()
  await page.keyboard.press('ArrowRight')
  await until(() => /went from/.test(document.querySelector('main [aria-live=polite]')?.textContent ?? ''))
  await page.keyboard.press('Enter')
  await page.getByRole('list', { name: 'People in this number' }).waitFor({ timeout: 8000 })
  await page.keyboard.press('Escape')
  await page.waitForSelector('[role=dialog]', { state: 'detached' })
})

await step('a part of a trend is looked at closely with Shift and the arrows, and Escape goes back', async () => {
  await open('/insights/new?kind=trend')
  await page.waitForSelector('main [role=application]')
  await page.locator('main [role=application]').focus()
  await page.keyboard.press('ArrowRight')
  for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Show the whole period' }).waitFor({ timeout: 3000 })
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Show the whole period' }).waitFor({ state: 'detached', timeout: 3000 })
})

await step('a tile of a dashboard moves, grows and comes back by keyboard', async () => {
  const id = await page.evaluate(async () => (await (await fetch('/api/v1/dashboards')).json()).dashboards[0]?.id)
  expect(id, 'there is no dashboard: walk.mjs makes one')
  const tiles = () => page.evaluate(async (d) => JSON.stringify((await (await fetch(`/api/v1/dashboards/${d}`)).json()).tiles.map((x) => [x.id, x.x, x.y, x.w, x.h]).sort()), id)
  const before = await tiles()
  await open(`/dashboards/${id}`)
  await page.getByRole('button', { name: 'Arrange', exact: true }).focus()
  await page.keyboard.press('Enter')
  const grip = await page.locator('[data-grip]').first().getAttribute('data-grip')
  await page.locator(`[data-grip="${grip}"]`).focus()
  await page.keyboard.press('ArrowDown')
  await page.waitForTimeout(150)
  expect(await page.evaluate((g) => document.activeElement?.getAttribute('data-grip') === g, grip), 'the focus left the tile')
  await page.keyboard.press('Shift+ArrowRight')
  await page.waitForTimeout(1200)
  expect((await tiles()) !== before, 'nothing was saved')
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await page.waitForTimeout(1200)
  expect((await tiles()) === before, 'undo did not bring the tiles back')
})

await step('costs are typed down a column and taken back', async () => {
  await open('/board')
  await page.evaluate(async () => {
    const csrf = (await (await fetch('/api/v1/session')).json()).csrf_token
    await fetch('/api/v1/costs', { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify({ costs: [{ day: '2020-01-31', channel: 'Keyboard', amount: 100, currency: 'EUR' }] }) })
  })
  await open('/costs?month=2020-01')
  const first = page.locator('[data-cell="0:0"]')
  await first.waitFor({ timeout: 8000 })
  await first.focus()
  await page.keyboard.type('12,50')
  await page.keyboard.press('Enter')
  await until(() => document.activeElement?.getAttribute('data-cell') === '1:0')
  await until(() => /12.50/.test(document.querySelector('[data-cell="0:0"]')?.value ?? ''))
  await page.getByRole('button', { name: 'Undo', exact: true }).focus()
  await page.keyboard.press('Enter')
  await until(() => document.querySelector('[data-cell="0:0"]')?.value === '')
})

await step('conditions of a segment are gone through, duplicated, moved, negated, put in groups and brought back by keys', async () => {
  await open('/segments/new')
  page.on('dialog', (d) => void d.accept())
  const rows = () => page.$$eval('[data-path]', (list) => list.map((r) => `${r.dataset.path}${r.dataset.negated ? '!' : ''}`).join(' '))
  const is = async (wanted) => {
    await until((w) => [...document.querySelectorAll('[data-path]')].map((r) => `${r.dataset.path}${r.dataset.negated ? '!' : ''}`).join(' ') === w, wanted).catch(async () => {
      throw new Error(`rows are "${await rows()}", not "${wanted}"`)
    })
  }
  const focused = (path) => until((p) => document.activeElement?.dataset.path === p, path)
  await page.locator('[data-path="0"]').focus()
  await page.keyboard.press('d')
  await is(' 0 1')
  await focused('1')
  await page.keyboard.press('n')
  await is(' 0 1!')
  await focused('1')
  await page.keyboard.press('Alt+ArrowUp')
  await is(' 0! 1')
  await focused('0')
  await page.keyboard.press('w')
  await is(' 0 0.0! 1')
  await focused('0.0')
  await page.keyboard.press('ArrowLeft')
  await focused('0')
  await page.keyboard.press('o')
  await page.keyboard.press('ArrowDown')
  await focused('0.0')
  await page.keyboard.press('ArrowDown')
  await focused('1')
  await page.keyboard.press('Alt+ArrowUp')
  await is(' 0 0.0! 0.1')
  await focused('0.1')
  await page.keyboard.press('ArrowLeft')
  await focused('0')
  // Two keys without a pause: the focus is there before the second.
  await page.keyboard.press('u')
  await page.keyboard.press('Delete')
  await is(' 0')
  await focused('0')
  await page.keyboard.press('Control+z')
  await is(' 0! 1')
  await focused('')
  await page.keyboard.press('Control+Shift+z')
  await is(' 0')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('a')
  await page.waitForSelector('[role=menuitem]')
  await page.keyboard.press('Enter')
  await is(' 0 1')
  await until(() => document.activeElement?.closest('[data-path]')?.dataset.path === '1' && document.activeElement.tagName === 'INPUT')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await focused('1')
})

await step('the overlap of segments is read with the arrows and Enter makes a segment of a combination', async () => {
  const ids = await page.evaluate(async () => {
    const csrf = (await (await fetch('/api/v1/session')).json()).csrf_token
    const send = (body) => fetch('/api/v1/segments', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify(body) })
    const known = (await (await fetch('/api/v1/segments')).json()).segments.map((s) => s.key)
    if (!known.includes('keys_orders')) await send({ key: 'keys_orders', name: 'Keys orders', when: { did: { event: 'Order Completed' } } })
    if (!known.includes('keys_views')) await send({ key: 'keys_views', name: 'Keys views', when: { did: { event: 'Product Viewed' } } })
    for (;;) {
      const mine = (await (await fetch('/api/v1/segments')).json()).segments.filter((s) => s.key.startsWith('keys_'))
      if (mine.length === 2 && mine.every((s) => !s.building)) return mine.map((s) => s.id)
      await new Promise((r) => setTimeout(r, 300))
    }
  })
  await open(`/segments/overlap?ids=${ids.join('.')}`)
  await page.locator('[role=application]').focus()
  await page.keyboard.press('ArrowRight')
  await until(() => /\d/.test(document.querySelector('[aria-live=polite]:not([role])')?.textContent ?? ''))
  await page.keyboard.press('Enter')
  await until(() => location.pathname === '/segments/new')
  await page.waitForSelector('[data-path="1"]')
})

for (const problem of problems) {
  failures++
  console.error(`FAIL ${problem}`)
}
await browser.close()
console.log(failures ? `${failures} failures` : 'keyboard: all well')
process.exit(failures ? 1 : 0)
