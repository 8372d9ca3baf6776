"""Markdown to try things on: answers as models write them, ill-willed ones, and pieces for others."""

from hypothesis import settings
from hypothesis import strategies as st

PROSE = """\
# Why the sky is blue

Sunlight looks white, but it is **all colours at once**. When it meets air, the *short* waves are
scattered most ([Rayleigh](https://en.example.org/wiki/Rayleigh_scattering "a page")), and `blue` is short.

Two things follow:\\
at noon the sky is blue; at dusk, when light comes a long way, it is red -- see <https://example.org/dusk>.

Not quite 3 * 4 = 12, snake_case_words, AT&T, a < b, [1] and a lone ` tick.

The end.
---
"""

LISTS = """\
Here is a plan:

1. **First**: gather what you need
   - a pot
   - *water*, about 2 l
     - cold
       - very cold
2. Boil it

   Slowly, for it is hot.

   ```sh
   boil --slowly
   ```
3. Wait
10. Skip a few

* [ ] to do
* [x] done
+ another list

  with a paragraph

- tight
- and then

- loose
-
  late content
"""

TABLE = """\
| Name | Share | Note |
|:-----|------:|:----:|
| *a*  |  12 % | has \\| a pipe |
| `b`  |   3 % | short
| c |
no pipes at all

Left | Right
---|---
1 | 2

> | a | b |
> |---|---|
> | 1 | 2 |

done
"""

CODE = """\
Use this:

```python
def f(*args, **kwargs):
    \"\"\"Not a ``fence`` and [no](http://link).\"\"\"

    return args[0] * 2  # <b>&amp;</b>
```
and

~~~
```
nested
```
~~~

    indented code

    after a blank line  \n\ttabbed

- ```js
  let x = `1`;
  ```
- after

```
never closed
  - [ ] |
"""

QUOTES = """\
> A quote
lazily continued
> > deeper
> - with a list
>   - nested

> # Heading
>
> ```
> code

Term
===

Other
-----

Text
- list right after
> quote right after
# heading right after
***
~~gone~~ ~one~ __bold__ _it_ ***both***
"""

WORLD = """\
## 你好，世界

这是**测试**句子，用来检查中文的*渲染*。第二句！\u3000第三句？

- 项目一：`代码`
- 项目二 🙂👨‍👩‍👧‍👦 e\u0301

| 名称 | 数值 |
|---|---|
| 甲 | １２ |

العربية **من اليمين** إلى اليسار

> 引用\u00a0
"""

MATH = r"""\
The area is $A = \pi r^2$, so \(r = \sqrt{A/\pi}\), for \$5 or $5 or $10, and $HOME/bin:$PATH.

$$
\int_0^1 x^2 \, dx
- \frac{1}{3} = 0 \\
# < 1 & *so* it_is_
$$
Then:
\[ a^2 + b^2 = c^2 \]
and $$e^{i\pi}$$ in between, 面积$x$的, a_$b_1$_c

1. First
   $$
   x_1
   $$
2. \(x < y\) | `$code$` | $never closed

> $$ y $$
> \[
> z

$$ a $$ b
- $$open

$$
first

second
$$ end

| $a$ | $b|c$ |
|---|---|
| \(d\) | $$e$$ |

\[
never
- closed
"""

CITED = """\
# Where rivers begin [1]

Rivers rise in springs[1], in bogs [2] and under ice [1, 2]. **So it is said [12]**, and _there_ too [1][2].
A [link](https://example.org/a) and [1](https://example.org/b), `a[1]`, $x[1]$, [3] and [1, 3] are no chips.

- Springs [1]
  - cold ones [12]
- [2] says so

| What | Who |
|---|---|
| bogs | [2] |
| ice [1] | [1][12] |

> They say [2]

```
a[1] = [2]
```

The end [1]
"""

HOSTILE = """\
<script>alert(1)</script>

<img src=x onerror=alert(1)> ![track](https://evil.example/p.png?q=1) ![](javascript:alert(1))

[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](//evil.example) [e](/c/1)
[f](https://x.example/"onmouseover="alert(1) "t<hx-partial hx-target='body'>") <javascript:alert(1)>
[g](vbscript:x) [h](https://x.example/<hx-partial>) [![alt](http://i.example/i)](http://l.example)

```"><script>alert(1)</script>
<hx-partial hx-target="body" hx-swap="outerHTML">x</hx-partial>
```

```js" onclick="x
1
```

<i class="mark" id="mark-k" data-o="5"></i> <div id="r-k-0" class="region" style="x">&lt;b&gt;</div>

| <svg onload=alert(1)> | `</td><script>` |
|---|---|
| <style>*{} | <!-- x

</div></main><head><title>x</title></head>\u202e

[ref]: javascript:alert(1)
[ref]

$<script>alert(1)</script>$ $$<img src=x onerror=alert(1)>$$ \\(</span><hx-partial>\\)

$$
</div><script>alert(1)</script> \\href{javascript:alert(1)}{x} \\htmlClass{mark}{x}
$$

&#60;script&#62; &lt;hx-partial&gt; \\<b>
"""

REAL = {
    "prose": PROSE,
    "lists": LISTS,
    "table": TABLE,
    "code": CODE,
    "quotes": QUOTES,
    "world": WORLD,
    "math": MATH,
    "hostile": HOSTILE,
    "returns": (PROSE[-300:] + LISTS[-300:] + CODE[-200:]).replace("\n", "\r\n"),
    "all": "\n".join([PROSE, LISTS, TABLE, CODE.replace("never closed\n", "```\n"), QUOTES, WORLD]),
}

PIECES = [
    *("a", "word ", "foo bar", "x", "12", "é", "漢字", "🙂", "code\n"),
    *("\n", "\n\n", "  ", "    ", "\t", "\r\n", "\r", "\x0b", "\u2028", "\x85", "\xa0", "\u3000", "\0"),
    *("- ", "* ", "+ ", "1. ", "2) ", "10. ", "> ", "># ", "#", "## ", "- a\n", "  - b\n", "\n\n- c", "> - "),
    *("```", "```py\n", "~~~", "> ```\n", "---", "===", "--", "=", "***"),
    *("`", "``", "*", "**", "_", "~~", "[", "](http://x.y/z)", "]", "!", "(", ")", "\\", "<", "&", "&amp;"),
    *("|", " | ", "|---|---|\n", "| a | b |\n", ":", "`x`", "**b**", "[l](http://q.r)", "![i](http://q.r)"),
    *("[ ] ", "[x] ", "<b>", "<http://a.b>"),
    *("$", "$$", "$x$", "$$\n", "$$\nx\n$$", "\\(", "\\)", "\\[", "\\]", "\\[\n", "\\]\n"),
]


patient = settings(deadline=None)  # a busy machine is no failure


def pieced(most: int = 16) -> st.SearchStrategy[str]:
    """Build texts of Markdown's own pieces, in every wrong order."""
    return st.lists(st.sampled_from(PIECES), max_size=most).map("".join)
