-- A diff compares what counts as the content of a page: its Markdown, or the values of its fields.
alter table known_pages rename column markdown to compared_text;
