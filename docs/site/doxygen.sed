# Prepares include/egret_ws.h for Doxygen.

# Labels become headings: see ALIASES in the Doxyfile.
s/^ \* Errors: +/ * @errors /
s/^ \* Threads: +/ * @threads /
s/^ \* Since: +/ * @introduced /

# A name of the header in backticks becomes a link.
s/`(egret_ws[a-z0-9_]*(::[a-z0-9_]+)?|EGRET_WS_[A-Z0-9_]*[A-Z0-9])`/#\1/g

# The main page has a table of contents.
s/^ \* @mainpage (.*)$/&\n * @tableofcontents/
