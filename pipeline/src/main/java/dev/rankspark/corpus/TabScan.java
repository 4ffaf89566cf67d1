package dev.rankspark.corpus;

/**
 * The docid of a tab-separated passage of the right number of columns, of whose address, if it has
 * one, only those in plain ASCII are sure.
 */
final class TabScan extends LineScan {
  private final TabLine.Form form;

  TabScan(TabLine.Form form) {
    this.form = form;
  }

  @Override
  boolean scan() {
    int tabs = 0;
    boolean isAddress = form != TabLine.Form.DOCUMENTS;
    int column = 0;
    int i = 0;
    while (i < length()) {
      i = endOfText(i);
      if (i == UNSURE) {
        return false;
      }
      if (i < length() && at(i) == '\t') {
        if (tabs == 0) {
          docid(0, i);
        } else if (tabs == 1) {
          isAddress |= isAddress(column, i);
        }
        tabs++;
        column = i + 1;
      }
      i++;
    }
    return isAddress && tabs == form.size() - 1;
  }

  /** Those with a dot or a colon behind another letter. */
  private boolean isAddress(int from, int to) {
    boolean hasMark = false;
    for (int i = from; i < to; i++) {
      if (at(i) <= ' ' || at(i) > '~') {
        return false;
      }
      hasMark |= i > from && (at(i) == '.' || at(i) == ':');
    }
    return hasMark;
  }
}
