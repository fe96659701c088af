# Prepares include/egret_ws.h for Doxygen.

# Labels become headings: see ALIASES in the Doxyfile.
s/^ \* Errors: +/ * @errors /
s/^ \* Threads: +/ * @threads /
s/^ \* Since: +/ * @introduced /

# Names of the header in backticks become links.
s/`(egret_ws[a-z0-9_]*(::[a-z0-9_]+)?|EGRET_WS_[A-Z0-9_]*[A-Z0-9])`/#\1/g

# The main page has a table of contents.
s/^ \* @mainpage (.*)$/&\n * @tableofcontents/
