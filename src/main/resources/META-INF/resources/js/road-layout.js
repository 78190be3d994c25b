// Where things stand in the picture of the road. Numbers in, numbers out: no nodes here.

/** Fleets above this are drawn as cells, one a server, in a block for each pool. */
const NAMED_SERVERS = 16;

const between = (low, value, high) => Math.max(low, Math.min(value, high));

/**
 * Places ingress, hub, pools, and servers (or blocks of cells) in a picture of that width.
 *
 * @returns {{width, height, dense, doors, hub, pools, servers, cells, lines}}
 */
export function layout(width, overview) {
  const { ingress, pools, servers } = overview;
  const dense = servers.length > NAMED_SERVERS;
  const narrow = width < 620;
  const door = between(74, width * 0.15, 180);
  const pool = between(84, width * 0.2, 230);
  const end = dense ? between(112, width * 0.4, 620) : between(112, width * 0.28, 340);
  const gap = (width - door - pool - end) / 2;
  const hubX = door + gap * 0.62;
  const poolX = door + gap;
  const endX = width - end;
  const size = { door: 46, pool: narrow ? 46 : 64, server: narrow ? 50 : 44, space: narrow ? 10 : 12 };
  const place = dense ? placeBlocks(overview, endX, end, size, narrow) : placeServers(overview, endX, end, size);

  const boxes = spread(
    pools.map((each) => ({ name: each.name, x: poolX, w: pool, h: size.pool, wish: middle(place.wishes.get(each.name) ?? []) })),
    size.space,
  );
  const height = Math.max(
    place.bottom,
    boxes.length ? boxes[boxes.length - 1].y + size.pool : 0,
    ingress.length * (size.door + size.space) - size.space,
    size.pool,
  );
  if (!place.bottom && boxes.length) centre(boxes, height);
  const top = boxes.length ? boxes[0].y : 0;
  const bottom = boxes.length ? boxes[boxes.length - 1].y + size.pool : height;
  const doors = ingress.map((each, index) => ({
    name: each.name,
    x: 0,
    y: 0,
    w: door,
    h: size.door,
    wish: (top + bottom) / 2 + (index - (ingress.length - 1) / 2) * (size.door + size.space),
  }));
  const stood = spread(doors, size.space);
  const over = stood.length ? stood[stood.length - 1].y + size.door - height : 0;
  if (over > 0) stood.forEach((each) => (each.y = Math.max(0, each.y - over)));

  const ends = [...stood, ...boxes].map((each) => each.y + each.h / 2);
  const hub = { x: hubX, y: Math.min(...ends, height / 2) - 14, h: Math.max(...ends, height / 2) - Math.min(...ends, height / 2) + 28 };
  return { width, height: height + 2, dense, narrow, doors: stood, hub, pools: boxes, servers: place.servers, blocks: place.blocks };
}

function placeServers({ pools, servers }, x, w, size) {
  // Siblings stand together: in the order of their first pool.
  const order = new Map();
  pools.forEach((pool) => pool.servers.forEach((name) => order.has(name) || order.set(name, order.size)));
  const sorted = [...servers].sort((a, b) => (order.get(a.name) ?? 1e6) - (order.get(b.name) ?? 1e6));
  const wishes = new Map();
  let y = 1;
  let last = null;
  const placed = sorted.map((server) => {
    if (last !== null && last !== server.pools[0]) y += size.space;
    last = server.pools[0];
    const box = { name: server.name, x, y, w, h: size.server };
    for (const pool of server.pools) {
      wishes.set(pool, [...(wishes.get(pool) ?? []), y + size.server / 2]);
    }
    y += size.server + 6;
    return box;
  });
  return { servers: placed, blocks: [], wishes, bottom: placed.length ? y - 6 : 0 };
}

function placeBlocks({ pools }, x, w, size, narrow) {
  const cell = narrow ? 15 : 18;
  const pitch = cell + 4;
  const columns = Math.max(1, Math.floor((w - 20 + 4) / pitch));
  const wishes = new Map();
  let y = 1;
  const blocks = pools.map((pool) => {
    const rows = Math.max(1, Math.ceil(pool.servers.length / columns));
    const h = Math.max(size.pool, 34 + rows * pitch + 4);
    const cells = pool.servers.map((name, index) => ({
      name,
      x: x + 10 + (index % columns) * pitch,
      y: y + 30 + Math.floor(index / columns) * pitch,
      size: cell,
    }));
    const block = { name: pool.name, x, y, w, h, cells };
    wishes.set(pool.name, [y + h / 2]);
    y += h + size.space;
    return block;
  });
  return { servers: [], blocks, wishes, bottom: blocks.length ? y - size.space : 0 };
}

function middle(places) {
  return places.length ? (Math.min(...places) + Math.max(...places)) / 2 : null;
}

/** Gives boxes with a wished middle a place of their own, from above to below. */
function spread(boxes, space) {
  const sorted = [...boxes].sort((a, b) => (a.wish ?? 1e6) - (b.wish ?? 1e6));
  let free = 1;
  for (const box of sorted) {
    box.y = Math.max(free, box.wish === null ? free : box.wish - box.h / 2);
    free = box.y + box.h + space;
  }
  return sorted;
}

function centre(boxes, height) {
  const used = boxes[boxes.length - 1].y + boxes[0].h - boxes[0].y;
  boxes.forEach((box) => (box.y += Math.max(0, (height - used) / 2)));
}

/** A line from a box's right side to another's left, as the d of a path. */
export function line(x1, y1, x2, y2) {
  const bend = (x2 - x1) * 0.5;
  return `M${x1.toFixed(1)} ${y1.toFixed(1)}C${(x1 + bend).toFixed(1)} ${y1.toFixed(1)} ${(x2 - bend).toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}
