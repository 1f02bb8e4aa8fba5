/** Menus inside the landmark of the page, with the focus on their first item. */
export const menuInPage = { withInitialFocusPlaceholder: false, portalProps: { target: '#main' } }
