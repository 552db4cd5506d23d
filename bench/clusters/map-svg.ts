/** Points of a map as an SVG picture, coloured by cluster; `names` stand at their clusters' middles. */
export function mapSvg(places: Float32Array, clusters: Int32Array, names: readonly string[], caption: string): string {
  const [width, height, edge] = [1200, 900, 40];
  const x = (i: number) => edge + places[2 * i]! * (width - 2 * edge);
  const y = (i: number) => edge + places[2 * i + 1]! * (height - 2 * edge);
  // Steps of the golden angle: neighbouring numbers have far hues.
  const colour = (cluster: number) => `hsl(${((cluster * 137.508) % 360).toFixed(0)} 65% ${[38, 48, 58][cluster % 3]}%)`;
  const groups = names.map((name, cluster) => {
    const members = [...clusters.keys()].filter((i) => clusters[i] === cluster);
    const points = members.map((i) => `M${x(i).toFixed(1)} ${y(i).toFixed(1)}h0`).join('');
    const label = `<text x="${middle(members.map(x))}" y="${middle(members.map(y))}">${escaped(name)}</text>`;
    return { points: `<path stroke="${colour(cluster)}" d="${points}"/>`, label };
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="9" text-anchor="middle">`,
    `<title>${escaped(caption)}</title><rect width="${width}" height="${height}" fill="#fff"/>`,
    `<g stroke-width="4" stroke-linecap="round" opacity=".6">${groups.map(({ points }) => points).join('\n')}</g>`,
    `<g fill="#111" stroke="#fff" stroke-width="2.5" paint-order="stroke">${groups.map(({ label }) => label).join('\n')}</g>`,
    `<text x="${width / 2}" y="${height - 12}" font-size="13">${escaped(caption)}</text></svg>\n`,
  ].join('\n');
}

function middle(values: number[]): string {
  return (values.sort((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
