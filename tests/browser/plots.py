"""Where the plot of a front has drawn its points, and how to click one."""

PLACE_OF_A_FRONT_POINT = """() => {
  const box = document.querySelector("front-plot .plot");
  const trace = box.data.find((t) => t.meta?.role === "front");
  const bounds = box.querySelector(".nsewdrag").getBoundingClientRect();
  const { xaxis, yaxis } = box._fullLayout;
  return [bounds.left + xaxis.d2p(trace.x[0]), bounds.top + yaxis.d2p(trace.y[0])];
}"""


def click_a_front_point(web) -> int:
    """Click where the plot has drawn a point; returns the number of the network it opened."""
    x, y = web.evaluate(PLACE_OF_A_FRONT_POINT)
    web.mouse.move(x - 30, y)
    web.mouse.move(x, y, steps=4)
    web.mouse.click(x, y)
    web.wait_for_url("**/?trial=*")
    return int(web.url.partition("trial=")[2])
