// The calls that every library makes. The server must receive exactly these.
export const properties = { price: 12.5, list: [1, "two"], nested: { deep: true }, text: "caffè 😀" };
export const traits = { plan: "pro", seats: 3 };

export function names(client) {
  return { user: `u-${client}`, event: `Conformance ${client}`, group: `g-${client}`, previous: `p-${client}` };
}
