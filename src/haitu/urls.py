"""Every route, in the order a buyer and then a merchant walks them."""

from django.contrib import admin
from django.urls import include, path, re_path

from haitu.web import checkout, feeds, hooks
from haitu.web.shop import cart, files, markets, order, pages, privacy, returns

handler400 = "haitu.web.errors.bad_request"
handler403 = "haitu.web.errors.forbidden"
handler404 = "haitu.web.errors.not_found"
handler500 = "haitu.web.errors.broken"

# Below a market's path such as /de-de/, which the middleware has turned into request.shop.
SHOP = [
    path("", pages.home),
    path("all/", pages.everything),
    path("c/<slug:code>/", pages.one_shelf),
    path("search/", pages.search),
    path("p/<slug:slug>/", pages.show_product),
    path("cart/", cart.show),
    path("cart/add/", cart.add),
    path("cart/change/", cart.change),
    path("checkout/", checkout.address),
    path("checkout/delivery/", checkout.delivery),
    path("checkout/review/", checkout.review),
    path("checkout/place/", checkout.place),
    path("order/<slug:token>/", order.show),
    path("order/<slug:token>/pay/", order.pay),
    path("order/<slug:token>/cancel/", order.cancel),
    path("order/<slug:token>/return/", returns.form),
    path("order/<slug:token>/return/<int:case_id>/", returns.case),
    path("order/<slug:token>/return/<int:case_id>/label/", returns.buy_label),
    path("order/<slug:token>/return/<int:case_id>/label/file/", returns.file),
    path("order/<slug:token>/return/<int:case_id>/sent/", returns.sent),
    path("order/<slug:token>/return/<int:case_id>/keep/", returns.keep),
    path("markets/", markets.choose),
    path("markets/chosen/", markets.chosen),
    path("prices/", pages.prices),
    path("privacy/", privacy.show),
    path("privacy/say/", privacy.say),
    path("privacy/forget/", privacy.forget),
]

urlpatterns = [
    path("", markets.door),
    path("go/<slug:code>/", privacy.go),
    path("robots.txt", files.robots),
    path("favicon.ico", files.favicon),
    path("picture/<int:picture_id>.svg", files.picture),
    path("media/<path:path>", files.media),
    path("feeds/<slug:token>.<slug:file>", feeds.feed),
    re_path(r"^[a-z]{2,3}(?:-[a-z]{4})?-[a-z]{2}/", include(SHOP)),
    path("hooks/pay/<slug:token>/", hooks.payment),
    path("hooks/tracking/<slug:token>/", hooks.tracking),
    path("desk/", include("haitu.web.desk.urls")),
    path("admin/", admin.site.urls),
]
