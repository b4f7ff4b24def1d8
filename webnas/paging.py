"""Pages of REST lists."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """Numbered pages for lists that stay short; trials use a keyset."""

    page_size_query_param = "page_size"
    max_page_size = 500
